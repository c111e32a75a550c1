package main

import (
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows on a terminal how far a reading is.
type progress struct {
	bars *mpb.Progress
	bar  *mpb.Bar
}

// showProgress returns a progress of so many bytes (0: not known how many), or one that shows nothing.
func showProgress(to io.Writer, title string, totalBytes int64, shown bool) progress {
	if !shown {
		return progress{}
	}
	bars := mpb.New(mpb.WithOutput(to), mpb.WithWidth(50), mpb.WithAutoRefresh())
	name := mpb.PrependDecorators(decor.Name(title))
	if totalBytes == 0 {
		return progress{bars, bars.AddSpinner(0, name, mpb.AppendDecorators(
			decor.CurrentKibiByte("% .1f"), decor.AverageSpeed(decor.SizeB1024(0), "  % .1f")))}
	}
	return progress{bars, bars.AddBar(totalBytes, name, mpb.AppendDecorators(
		decor.Percentage(), decor.AverageSpeed(decor.SizeB1024(0), "  % .1f"), decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8})))}
}

// showRecords returns a progress of so many records, or one that shows nothing.
func showRecords(to io.Writer, title string, total int64, shown bool) progress {
	if !shown || total == 0 {
		return progress{}
	}
	bars := mpb.New(mpb.WithOutput(to), mpb.WithWidth(50), mpb.WithAutoRefresh())
	return progress{bars, bars.AddBar(total, mpb.PrependDecorators(decor.Name(title)), mpb.AppendDecorators(
		decor.Percentage(), decor.AverageSpeed(0, "  %.0f/s"), decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8})))}
}

// at says how many bytes, or records, have been read.
func (p progress) at(bytes int64) {
	if p.bar != nil {
		p.bar.SetCurrent(bytes)
	}
}

// end leaves the terminal to others.
func (p progress) end() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
}
