package web

import "loa/central/fleet"

// BriefAsEncoded is a brief as it is described, BriefAsWritten as it is sent.
func BriefAsEncoded(s fleet.Standing) []byte { return plain(viewBrief(s)) }
func BriefAsWritten(s fleet.Standing) []byte { return appendBrief(nil, &s) }
