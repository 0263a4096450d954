package main

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
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
	_, err := c.signDraft(ctx, &c.signing, d, protocol.KindBulletin, protocol.Live)
	return err
}

type alertCommand struct {
	server
	signing
	Area        []string      `required:"" placeholder:"CODE" help:"Code of an area; can be given again."`
	Hazard      string        `required:"" placeholder:"WORD" help:"As in flood, storm, fire, landslide."`
	Level       int           `placeholder:"N" help:"Risk level 1 to 5; 0 where none is set."`
	Drill       bool          `help:"An exercise: it is announced as one on every loudspeaker."`
	Siren       string        `default:"3x20/10" help:"BLASTSxSECONDS/GAP, as in 3x20/10, or none."`
	Phrase      string        `placeholder:"WORD" help:"Built-in phrase that stands in for missing audio; empty: the hazard's."`
	Message     []string      `required:"" sep:"none" placeholder:"LANG=TEXT" help:"What is said; given once per language."`
	Audio       []string      `sep:"none" placeholder:"LANG=SHA256" help:"Audio of a message, as uploaded."`
	Repetitions int           `default:"3" help:"How often it sounds."`
	Pause       time.Duration `default:"10s" help:"Between repetitions."`
	Lifetime    time.Duration `default:"2h" help:"At most 24h."`
}

func (c *alertCommand) Run(ctx context.Context) error {
	siren, err := parseSiren(c.Siren)
	if err != nil {
		return err
	}
	messages, err := c.messages()
	if err != nil {
		return err
	}
	phrase := c.Phrase
	if phrase == "" {
		phrase = c.Hazard
	}
	mode := modeOf(c.Drill)
	body := map[string]any{
		"mode": mode, "audience": c.Area, "hazard": c.Hazard, "level": c.Level, "siren": siren,
		"phrase": phrase, "messages": messages, "repetitions": c.Repetitions, "pause": c.Pause.Seconds(),
		"lifetimeSeconds": int(c.Lifetime.Seconds()),
	}
	var d draft
	if err := c.call(ctx, "POST", "/alerts", body, &d); err != nil {
		return err
	}
	_, err = c.signDraft(ctx, &c.signing, d, protocol.KindAlert, mode)
	return err
}

// message is one language of an alert, as the API takes it.
type message struct {
	Language string `json:"language"`
	Text     string `json:"text"`
	Audio    string `json:"audio,omitempty"`
}

// messages are those of the flags, in their order.
func (c *alertCommand) messages() ([]message, error) {
	var all []message
	at := map[string]int{}
	for _, m := range c.Message {
		lang, text, ok := strings.Cut(m, "=")
		if _, twice := at[lang]; !ok || lang == "" || text == "" || twice {
			return nil, fmt.Errorf("--message %.60q is not LANG=TEXT, or its language stands twice", m)
		}
		at[lang] = len(all)
		all = append(all, message{Language: lang, Text: text})
	}
	for _, a := range c.Audio {
		lang, hash, _ := strings.Cut(a, "=")
		i, ok := at[lang]
		if !ok || hash == "" || all[i].Audio != "" {
			return nil, fmt.Errorf("--audio %.100q is not LANG=SHA256 of a language that has a --message", a)
		}
		all[i].Audio = hash
	}
	return all, nil
}

var sirenForm = regexp.MustCompile(`^([0-9]{1,4})x([0-9]{1,4}(?:\.[0-9]{1,3})?)/([0-9]{1,4}(?:\.[0-9]{1,3})?)$`)

// parseSiren reads 3x20/10: three blasts of 20 s, 10 s apart. How many and how
// long they may be, the server judges.
func parseSiren(s string) (protocol.Siren, error) {
	if s == "none" {
		return protocol.Siren{}, nil
	}
	parts := sirenForm.FindStringSubmatch(s)
	if parts == nil {
		return protocol.Siren{}, fmt.Errorf("--siren %.40q is not BLASTSxSECONDS/GAP, as in 3x20/10, or none", s)
	}
	// The form leaves nothing that could fail.
	blasts, _ := strconv.Atoi(parts[1])
	seconds, _ := strconv.ParseFloat(parts[2], 64)
	gap, _ := strconv.ParseFloat(parts[3], 64)
	return protocol.Siren{Blasts: blasts, Seconds: seconds, Gap: gap}, nil
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
		if mode, id = protocol.Mode(parts[1]), parts[2]; mode != protocol.Live && mode != protocol.Drill {
			return fmt.Errorf("%.60q is not an alert's subject, as in alert/live/ID", c.Alert)
		}
	}
	var d draft
	if err := c.call(ctx, "POST", "/alerts/"+string(mode)+"/"+url.PathEscape(id)+"/cancel", nil, &d); err != nil {
		return err
	}
	_, err := c.signDraft(ctx, &c.signing, d, protocol.KindCancel, mode)
	return err
}

type stopCommand struct {
	server
	signing
	Area []string `required:"" placeholder:"CODE" help:"Code of an area; can be given again."`
}

func (c *stopCommand) Run(ctx context.Context) error {
	var d draft
	if err := c.call(ctx, "POST", "/stops", map[string]any{"areas": c.Area}, &d); err != nil {
		return err
	}
	_, err := c.signDraft(ctx, &c.signing, d, protocol.KindStop, protocol.Live)
	return err
}
