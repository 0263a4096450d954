package central

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// listenPlain serves without TLS, to this machine alone.
func listenPlain(addr string, h http.Handler, log *slog.Logger) (*httpServer, error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	if !at.IP.IsLoopback() {
		return nil, fmt.Errorf("%s is not loopback: without TLS passwords go to nobody but this machine; give 127.0.0.1:%d", addr, at.Port)
	}
	bound, err := net.ListenTCP("tcp", at)
	if err != nil {
		return nil, err
	}
	if ours, ok := bound.Addr().(*net.TCPAddr); !ok || !ours.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%s is not loopback", bound.Addr()), bound.Close())
	}
	return serverOn(limit(bound, mostConnections), onThisMachine(h), log), nil
}

// onThisMachine answers only what asks for this machine by its own name: a page
// from anywhere can have its site's name lead here, and would then be of one
// origin with the console.
func onThisMachine(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
		ip, err := netip.ParseAddr(host)
		if !strings.EqualFold(host, "localhost") && (err != nil || !ip.Unmap().IsLoopback()) {
			http.Error(w, "this address is for this machine alone", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}
