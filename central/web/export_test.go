package web

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// NewDescribed is New along with what the answers are to look like.
func NewDescribed(o Options) (http.Handler, huma.API) {
	a, h := build(o)
	return h, a.API
}
