package processors

import "github.com/rmn-arms/campaign-engine/state/readiness"

// readinessChanges is the codec of readiness-changes: *readiness.Change. What cannot be read is an Unreadable.
type readinessChanges = rowCodec[readiness.Change, *readiness.Change]
