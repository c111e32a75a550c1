package config_test

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		args   []string
		file   string
		create bool
		says   string
	}{
		{nil, "data/signing-keys.json", true, ""},
		{[]string{"--data-dir", "/d"}, "/d/signing-keys.json", true, ""},
		{[]string{"--signing-keys", "/k.json"}, "/k.json", false, ""},
		{[]string{"--brokers", "k1:9092", "--signing-keys", "/k.json"}, "/k.json", false, ""},
		{[]string{"--brokers", "k1:9092", "--processors", "timers,lifecycle"}, "data/signing-keys.json", true, ""},
		{[]string{"--brokers", "k1:9092"}, "", false, "campaignd keys init"},
		{[]string{"--brokers", "k1:9092", "--processors", "timers,router"}, "", false, "--signing-keys"},
	} {
		g, err := parsed(t, c.args...)
		if err != nil {
			t.Fatal(err)
		}
		err = g.CheckKeys()
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v: %v", c.args, err)
			}
			continue
		}
		file, create := g.KeysFile()
		if err != nil || !strings.HasSuffix(file, filepath.FromSlash(c.file)) || create != c.create {
			t.Errorf("%v: %s, made: %v, %v", c.args, file, create, err)
		}
	}
}
