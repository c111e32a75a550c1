//go:build !linux

package proctest

import "errors"

func usageOf(int) (Usage, error) { return Usage{}, errors.ErrUnsupported }
