//go:build console

package web

import (
	"embed"
	"io/fs"
)

//go:embed all:console/dist
var built embed.FS

// Console is the console that this program was built with; nil for none.
func Console() fs.FS {
	dist, err := fs.Sub(built, "console/dist")
	if err != nil {
		panic(err) // of what is compiled in
	}
	return dist
}
