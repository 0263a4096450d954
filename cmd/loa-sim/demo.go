package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"loa/central"
	"loa/controller/protocol"
)

// Files of the demo's folder, which loa-central serve --demo makes: the keys of
// administrators who do not exist, and a token of the first of them.
const (
	keyEnding   = ".key" // of a person's key file
	tokenFile   = "administrator.token"
	addressFile = "addresses.json" // in the folder above: where the running server listens
)

const (
	serverWithin = time.Minute // for a server that is starting
	serverLook   = 200 * time.Millisecond
)

// openDemo gives the desk of the demo's administrators.
func openDemo(server, authorityFile, demo string) (d *desk, authority string, err error) {
	data, err := os.ReadFile(authorityFile)
	if err != nil {
		return nil, "", fmt.Errorf("read the server's authority: %w", err)
	}
	if d, err = newDesk(strings.TrimRight(server, "/"), data); err != nil {
		return nil, "", err
	}
	for _, person := range []string{admin, secondAdmin} {
		file, err := os.ReadFile(filepath.Join(demo, person+keyEnding))
		if err != nil {
			return nil, "", fmt.Errorf("read the demo's keys: %w", err)
		}
		if d.keys[person], err = protocol.DecodeKeyFile(file); err != nil {
			return nil, "", fmt.Errorf("read the demo's key of %s: %w", person, err)
		}
	}
	token, err := os.ReadFile(filepath.Join(demo, tokenFile))
	if err != nil {
		return nil, "", fmt.Errorf("read the demo's token: %w", err)
	}
	d.tokens[admin] = strings.TrimSpace(string(token))
	return d, string(data), nil
}

// readAddresses is where boards find the server that runs on the demo's data.
func readAddresses(demo string) (a central.Addresses, err error) {
	path := filepath.Join(filepath.Dir(filepath.Clean(demo)), addressFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return a, fmt.Errorf("read the server's addresses: %w", err)
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return a, fmt.Errorf("read the server's addresses %s: %w", path, err)
	}
	if a.Broker == "" || a.Audio == "" {
		return a, fmt.Errorf("read the server's addresses: %s names no broker or no audio", path)
	}
	return a, nil
}

// registered is every cluster that the server knows but those excepted. A
// server that is still starting is waited for.
func (d *desk) registered(ctx context.Context, except []string) ([]string, error) {
	excepted := map[string]bool{}
	for _, id := range except {
		excepted[id] = true
	}
	var all []struct {
		ID string `json:"id"`
	}
	late := time.Now().Add(serverWithin)
	for {
		err := d.call(ctx, admin, "GET", "/clusters", nil, &all)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(late) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(serverLook):
		}
	}
	var ids []string
	for _, c := range all {
		if !excepted[c.ID] {
			ids = append(ids, c.ID)
		}
		delete(excepted, c.ID)
	}
	for id := range excepted {
		return nil, fmt.Errorf("--except %s: the server knows no such cluster", id)
	}
	return ids, nil
}
