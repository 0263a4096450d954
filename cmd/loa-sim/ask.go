package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

type faultCommand struct {
	Data    string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The data folder of a running simulation."`
	Cluster string `arg:"" help:"Id of the cluster."`
	Kind    string `arg:"" help:"none, unplugged, amplifier-dead, horns-cut, network-cut or sound-card-lost."`
}

// Run breaks a part of a cluster, or mends it.
func (c *faultCommand) Run(ctx context.Context) error {
	f, err := parseFault(c.Kind)
	if err != nil {
		return err
	}
	body, err := json.Marshal(faultWish{string(f)})
	if err != nil {
		return err
	}
	_, err = ask(ctx, c.Data, "PUT", "/clusters/"+url.PathEscape(c.Cluster)+"/fault", bytes.NewReader(body))
	return err
}

type recordCommand struct {
	Data    string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The data folder of a running simulation."`
	Cluster string `arg:"" help:"Id of the cluster."`
}

// Run prints what was seen and heard of a cluster, as JSON.
func (c *recordCommand) Run(ctx context.Context) error {
	answer, err := ask(ctx, c.Data, "GET", "/clusters/"+url.PathEscape(c.Cluster)+"/record", nil)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(answer)
	return err
}

// ask sends one request to the simulation that runs on a data folder.
func ask(ctx context.Context, data, method, path string, body io.Reader) ([]byte, error) {
	said, err := os.ReadFile(filepath.Join(data, controlFile))
	if err != nil {
		return nil, fmt.Errorf("find the simulation: %w; is loa-sim run at work on this folder?", err)
	}
	var at controlAddress
	if err := json.Unmarshal(said, &at); err != nil {
		return nil, fmt.Errorf("find the simulation: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, at.Address+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the simulation: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the simulation: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the simulation's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var why refused
		if json.Unmarshal(answer, &why) != nil || why.Error == "" {
			why.Error = resp.Status
		}
		return nil, errors.New(why.Error)
	}
	return answer, nil
}
