package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"loa/controller/protocol"
)

type approveCommand struct {
	server
	signing
	Bulletin string `arg:"" help:"The bulletin's id."`
}

func (c *approveCommand) Run(ctx context.Context) error {
	var d draft
	if err := c.call(ctx, "POST", "/bulletins/"+url.PathEscape(c.Bulletin)+"/document", nil, &d); err != nil {
		return err
	}
	_, err := c.signDraft(ctx, &c.signing, d)
	return err
}

type alertCommand struct {
	server
	signing
	Area        []string          `required:"" help:"Code of an area; can be given again."`
	Hazard      string            `required:"" help:"As in flood, storm, fire, landslide."`
	Level       int               `help:"Risk level 1 to 5."`
	Drill       bool              `help:"An exercise: it is announced as one on every loudspeaker."`
	Siren       string            `default:"3x20/10" help:"BLASTSxSECONDS/GAP, or none."`
	Phrase      string            `help:"Built-in phrase that stands in for missing audio; empty: the hazard's."`
	Message     map[string]string `required:"" placeholder:"LANG=TEXT" help:"What is said, per language."`
	Audio       map[string]string `placeholder:"LANG=SHA256" help:"Audio of a message, as uploaded."`
	Repetitions int               `default:"3" help:"How often it sounds."`
	Pause       time.Duration     `default:"10s" help:"Between repetitions."`
	Lifetime    time.Duration     `default:"2h" help:"At most 24h."`
}

func (c *alertCommand) Run(ctx context.Context) error {
	siren, err := parseSiren(c.Siren)
	if err != nil {
		return err
	}
	messages := []map[string]any{}
	for lang, text := range c.Message {
		m := map[string]any{"language": lang, "text": text}
		if sha := c.Audio[lang]; sha != "" {
			m["audio"] = sha
		}
		messages = append(messages, m)
	}
	for lang := range c.Audio {
		if _, ok := c.Message[lang]; !ok {
			return fmt.Errorf("--audio %s has no --message of that language", lang)
		}
	}
	phrase := c.Phrase
	if phrase == "" {
		phrase = c.Hazard
	}
	body := map[string]any{
		"mode": modeOf(c.Drill), "audience": c.Area, "hazard": c.Hazard, "level": c.Level, "siren": siren,
		"phrase": phrase, "messages": messages, "repetitions": c.Repetitions, "pause": c.Pause.Seconds(),
		"lifetimeSeconds": int(c.Lifetime.Seconds()),
	}
	var d draft
	if err := c.call(ctx, "POST", "/alerts", body, &d); err != nil {
		return err
	}
	_, err = c.signDraft(ctx, &c.signing, d)
	return err
}

func parseSiren(s string) (protocol.Siren, error) {
	var v protocol.Siren
	if s == "none" {
		return v, nil
	}
	if n, err := fmt.Sscanf(s, "%dx%g/%g", &v.Blasts, &v.Seconds, &v.Gap); err != nil || n != 3 {
		return v, fmt.Errorf("--siren %q is not BLASTSxSECONDS/GAP, as in 3x20/10, or none", s)
	}
	return v, nil
}

func modeOf(drill bool) protocol.Mode {
	if drill {
		return protocol.Drill
	}
	return protocol.Live
}

type cancelCommand struct {
	server
	signing
	Drill bool   `help:"The alert is a drill."`
	Alert string `arg:"" help:"The alert's id, or its subject as in alert/live/ID."`
}

func (c *cancelCommand) Run(ctx context.Context) error {
	mode, id := modeOf(c.Drill), c.Alert
	if parts := strings.Split(c.Alert, "/"); len(parts) == 3 && parts[0] == "alert" {
		mode, id = protocol.Mode(parts[1]), parts[2]
	}
	var d draft
	if err := c.call(ctx, "POST", "/alerts/"+string(mode)+"/"+url.PathEscape(id)+"/cancel", nil, &d); err != nil {
		return err
	}
	_, err := c.signDraft(ctx, &c.signing, d)
	return err
}

type stopCommand struct {
	server
	signing
	Area []string `required:"" help:"Code of an area; can be given again."`
}

func (c *stopCommand) Run(ctx context.Context) error {
	var d draft
	if err := c.call(ctx, "POST", "/stops", map[string]any{"areas": c.Area}, &d); err != nil {
		return err
	}
	_, err := c.signDraft(ctx, &c.signing, d)
	return err
}
