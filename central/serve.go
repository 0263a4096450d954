package central

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// How long a client may take, and a server to end.
const (
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
	endTime    = 5 * time.Second
	headerSize = 64 << 10
)

// mostConnections is how many each of the HTTP servers serves at once: nobody
// who opens connections by the thousand takes the files that boards need.
const mostConnections = 2000

// httpServer is an HTTP server on an address that is bound already.
type httpServer struct {
	listener net.Listener
	server   *http.Server
}

func listen(addr string, config *tls.Config, h http.Handler, log *slog.Logger) (*httpServer, error) {
	bound, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	config = config.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	return serverOn(tls.NewListener(limit(bound, mostConnections), config), h, log), nil
}

func serverOn(l net.Listener, h http.Handler, log *slog.Logger) *httpServer {
	return &httpServer{l, &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: headerSize,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
}

func (s *httpServer) addr() net.Addr { return s.listener.Addr() }

// run serves until ctx ends, and lets requests that are under way finish.
func (s *httpServer) run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.Background(), endTime)
		defer cancel()
		if err := s.server.Shutdown(ending); err != nil {
			err = s.server.Close()
			ended <- err
			return
		}
		ended <- nil
	}()
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

func (s *httpServer) close() error {
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
