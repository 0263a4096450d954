//go:build !console

package web

import "io/fs"

// Console is the console that this program was built with; nil for none.
func Console() fs.FS { return nil }
