package proctest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of the CPU times in /proc: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

var errStat = errors.New("not of the form of proc(5)")

func usageOf(pid int) (Usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, err
	}
	return parseStat(stat, os.Getpagesize())
}

// parseStat reads utime, stime and rss out of /proc/<pid>/stat (proc_pid_stat(5): fields 14, 15 and 24).
func parseStat(stat []byte, pageBytes int) (Usage, error) {
	// The name, field 2, stands in parentheses and may itself hold spaces and parentheses.
	end := bytes.LastIndexByte(stat, ')')
	fields := bytes.Fields(stat[end+1:])
	if end < 0 || len(fields) < 22 {
		return Usage{}, errStat
	}
	var numbers [3]int64
	for i, field := range []int{14, 15, 24} {
		n, err := strconv.ParseInt(string(fields[field-3]), 10, 64)
		if err != nil {
			return Usage{}, errStat
		}
		numbers[i] = n
	}
	return Usage{CPU: time.Duration(numbers[0]+numbers[1]) * tick, RSSBytes: numbers[2] * int64(pageBytes)}, nil
}
