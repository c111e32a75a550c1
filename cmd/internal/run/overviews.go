package run

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/processors/sink"
)

// overviews is what the groups of a process have and wait for at the moment of a scrape. It asks no broker and holds no
// group up; see engine.Overview.
type overviews struct {
	process *Process

	ready, held, owned, catchingUp, rowsLeft, lag *prometheus.Desc
	pending, overdue, oldest, next, outdated      *prometheus.Desc
	standby, behind                               *prometheus.Desc
	tables, mails, server                         *prometheus.Desc
}

var _ prometheus.Collector = (*overviews)(nil)

func newOverviews(p *Process) *overviews {
	gauge := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, append([]string{metricLabel}, labels...), nil)
	}
	return &overviews{
		process: p,
		ready:   gauge("ready", "1 when the group has recovered its partitions and brokers answer, else 0; /readyz tells why."),
		held:    gauge("clock_held", "1 while the wall clock has jumped forward and is not believed, else 0."),
		owned:   gauge("partitions", "Partitions that this process owns."),
		catchingUp: gauge("partitions_catching_up",
			"Partitions of this process whose timers do not fire yet: their rows or inputs are still being read."),
		pending: gauge("timers_pending", "Rows that wait for an instant: campaigns with a transition to come."),
		overdue: gauge("timers_overdue",
			"Timers that are due and have not been committed yet, counted up to "+strconv.Itoa(engine.OverdueMax)+" in each partition."),
		oldest: gauge("timers_overdue_oldest_seconds", "How long the oldest of them has been due; 0 without one."),
		next: gauge("timers_next_due_timestamp_seconds",
			"The earliest instant that a row waits for, in seconds since 1970; there is none while no row waits."),
		outdated: gauge("timers_outdated",
			"Pending rows whose wall-clock times another time zone release has resolved; they are looked at when nothing is due."),
		lag: gauge("input_lag_offsets",
			"Offsets between what is committed of an input and its newest end that was seen, for the partitions that this process owns.",
			"topic", "partition"),
		rowsLeft: gauge("recovery_offsets_left",
			"Offsets of the table topic that are still to be read before partitions are recovered."),
		standby: gauge("standby_partitions", "Partitions that others own and whose rows are kept up to date."),
		behind: gauge("standby_behind_offsets",
			"Offsets of the table topic that those rows were behind when that was looked at last, some seconds ago."),
		tables: prometheus.NewDesc(prometheus.BuildFQName(namespace, "", "projections_waiting"),
			"1 while the tables in Postgres are not written, since there is no database, it does not answer, "+
				"or the group is being joined, else 0; /readyz tells why.", nil, nil),
		mails: prometheus.NewDesc(prometheus.BuildFQName(namespace, "", "mailer_waiting"),
			"1 while no mails are made, since there is no database, it does not answer, "+
				"or the group is being joined, else 0; /readyz tells why.", nil, nil),
		server: prometheus.NewDesc(prometheus.BuildFQName(namespace, "", "mail_server_waiting"),
			"1 while no mail can be handed over, since the mail server does not answer, or refuses the sender or the login, "+
				"else 0; /readyz tells why.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (o *overviews) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		o.ready, o.held, o.owned, o.catchingUp, o.pending, o.overdue, o.oldest, o.next, o.outdated, o.lag, o.rowsLeft,
		o.standby, o.behind, o.tables, o.mails, o.server,
	} {
		to <- desc
	}
}

// Collect implements prometheus.Collector.
func (o *overviews) Collect(to chan<- prometheus.Metric) {
	waits := o.process.waitsFor() != ""
	for _, g := range o.process.groups {
		o.collect(g.member.Overview(), waits, func(desc *prometheus.Desc, value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, append([]string{g.Short}, labels...)...)
		})
	}
	if tables := o.process.tables; tables != nil {
		o.collectSink(o.tables, tables.group.Short, tables.overview(), to)
	}
	if mails := o.process.mails; mails != nil {
		o.collectSink(o.mails, mails.group.Short, mails.overview(), to)
		to <- prometheus.MustNewConstMetric(o.server, prometheus.GaugeValue, oneIf(mails.serverWaits() != ""))
	}
}

// collectSink tells of a sink: it owns what it has, and has no rows to recover and no timers.
func (o *overviews) collectSink(waiting *prometheus.Desc, processor string, view sink.Overview, to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(waiting, prometheus.GaugeValue, oneIf(view.Waiting != ""))
	for at, behind := range view.Behind {
		to <- prometheus.MustNewConstMetric(o.lag, prometheus.GaugeValue, float64(behind),
			processor, at.Topic, strconv.Itoa(int(at.Partition)))
	}
}

func (o *overviews) collect(view engine.Overview, waits bool, tell func(*prometheus.Desc, float64, ...string)) {
	tell(o.ready, oneIf(view.Waiting == nil && !waits))
	tell(o.held, oneIf(view.Held))
	tell(o.owned, float64(len(view.Partitions)))
	catchingUp, rowsLeft := 0, int64(0)
	for _, p := range view.Partitions {
		if p.Stage != engine.Firing {
			catchingUp++
		}
		rowsLeft += p.RowsToRead - p.RowsRead
		for _, input := range p.Inputs {
			if input.Known {
				tell(o.lag, float64(input.Lag), input.Topic, strconv.Itoa(int(p.Partition)))
			}
		}
	}
	tell(o.catchingUp, float64(catchingUp))
	tell(o.rowsLeft, float64(rowsLeft))
	tell(o.standby, float64(view.Standby.Partitions))
	tell(o.behind, float64(view.Standby.Behind))
	if timers := view.Timers; timers != nil {
		tell(o.pending, float64(timers.Pending))
		tell(o.overdue, float64(timers.Overdue))
		tell(o.oldest, timers.Oldest.Seconds())
		if timers.Reviewing {
			tell(o.outdated, float64(timers.Reviews))
		}
		if timers.Waits {
			tell(o.next, float64(timers.Next)/1000)
		}
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
