package mail

// AppendBefore appends the row in the layout before this one, which has no place for what is new in this one.
func (r *Row) AppendBefore(b []byte) []byte { return r.append(b, layoutBefore) }
