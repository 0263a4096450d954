package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"loa/controller/protocol"
	"loa/firmware"
	"loa/firmware/sim"
)

// openPole gives the cluster of a folder, and enrols it first where that was not
// done yet.
func openPole(ctx context.Context, d *desk, dir, id, authority string, log *slog.Logger) (*pole, error) {
	p := &pole{
		id: id, dir: filepath.Join(dir, id), log: log.With("cluster", id), changed: make(chan struct{}),
		fault: none, amplifier: sim.NewAmplifier(), recorder: &sim.Recorder{},
	}
	p.recorder.RecordPCM(false)
	p.recorder.Keep(firmware.SensorMemory)
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the cluster's folder: %w", err)
	}
	var err error
	if p.key, err = boardKey(filepath.Join(p.dir, boardKeyFile)); err != nil {
		return nil, err
	}
	path := filepath.Join(p.dir, enrolmentFile)
	kept, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.enrolment, err = d.enrol(ctx, id, p.key)
		if no := (refusal{}); errors.As(err, &no) && no.status == http.StatusConflict {
			return nil, fmt.Errorf("enrol %s: the server knows another board there; go on with the --data in which that one was made, or start server and boards anew: %w", id, err)
		}
		if err != nil {
			return nil, fmt.Errorf("enrol %s: %w", id, err)
		}
		answer, err := protocol.Encode(p.enrolment)
		if err != nil {
			return nil, err
		}
		if err := writeFile(path, answer); err != nil {
			return nil, fmt.Errorf("keep the enrolment of %s: %w", id, err)
		}
	case err != nil:
		return nil, fmt.Errorf("read the enrolment of %s: %w", id, err)
	default:
		if p.enrolment, err = protocol.DecodeMessage[protocol.Enrolment](kept); err != nil {
			return nil, fmt.Errorf("read the enrolment of %s: %w", id, err)
		}
	}
	if p.enrolment.Authority != authority {
		return nil, fmt.Errorf("%s was enrolled with another server than this one; start with an empty --data", id)
	}
	return p, nil
}

// boardKey is the key in a file, which is made where there is none.
func boardKey(path string) (ed25519.PrivateKey, error) {
	file, err := os.ReadFile(path)
	if err == nil {
		key, err := protocol.DecodeKeyFile(file)
		if err != nil {
			return nil, fmt.Errorf("read board's key %s: %w", path, err)
		}
		return key, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read board's key: %w", err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make board's key: %w", err)
	}
	if file, err = protocol.EncodeKeyFile(key); err != nil {
		return nil, fmt.Errorf("make board's key: %w", err)
	}
	if err := writeFile(path, file); err != nil {
		return nil, fmt.Errorf("write board's key: %w", err)
	}
	return key, nil
}

// writeFile puts data at path whole or not at all, also when power fails, and
// readable by this user only.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
