package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// leastCompressed is what gzip would hardly make smaller, in bytes.
const leastCompressed = 1 << 10

var gzips = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // nil, which is a known level
	return z
}}

// compress sends answers to GET as gzip where that is asked for: a list of the
// whole province over a phone's network. A stream flushes every event by itself.
func compress(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	if op.Method != http.MethodGet || op.Responses["200"] != nil && op.Responses["200"].Content["text/event-stream"] != nil {
		next(ctx)
		return
	}
	ctx.AppendHeader("Vary", "Accept-Encoding")
	if !takesGzip(ctx.Header("Accept-Encoding")) {
		next(ctx)
		return
	}
	c := &compressed{inner: ctx}
	next(c)
	c.end()
}

// takesGzip reads Accept-Encoding: gzip may be named, and may be refused by q=0.
func takesGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(part, ";")
		if name = strings.ToLower(strings.TrimSpace(name)); name != "gzip" && name != "x-gzip" {
			continue
		}
		_, value, weighed := strings.Cut(strings.TrimSpace(q), "=")
		weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return !weighed || err == nil && weight > 0
	}
	return false
}

// inner has a name that is none of its methods.
type inner = huma.Context

// compressed holds an answer's status back until it is known how large it is.
type compressed struct {
	inner
	status int
	began  bool
	gzip   *gzip.Writer
}

// Unwrap lets humago find its own context.
func (c *compressed) Unwrap() huma.Context { return c.inner }

func (c *compressed) SetStatus(status int) { c.status = status }

func (c *compressed) Status() int {
	if c.status == 0 {
		return c.inner.Status()
	}
	return c.status
}

func (c *compressed) BodyWriter() io.Writer { return c }

func (c *compressed) Write(p []byte) (int, error) {
	if !c.began {
		c.begin(len(p) >= leastCompressed && c.status == http.StatusOK)
	}
	if c.gzip != nil {
		return c.gzip.Write(p)
	}
	return c.inner.BodyWriter().Write(p)
}

// begin sends the head.
func (c *compressed) begin(compress bool) {
	c.began = true
	if compress {
		c.SetHeader("Content-Encoding", "gzip")
		c.gzip = gzips.Get().(*gzip.Writer)
		c.gzip.Reset(c.inner.BodyWriter())
	}
	if c.status != 0 {
		c.inner.SetStatus(c.status)
	}
}

func (c *compressed) end() {
	if !c.began {
		c.begin(false)
	}
	if c.gzip != nil {
		_ = c.gzip.Close() // the client went away
		gzips.Put(c.gzip)
	}
}
