package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

type firstBootCommand struct {
	From   string `required:"" type:"path" placeholder:"FOLDER" help:"Where a technician puts files; it is made."`
	Data   string `required:"" type:"path" placeholder:"FOLDER" help:"The board's data folder."`
	Config string `required:"" type:"path" placeholder:"FILE" help:"Where the board's config file belongs."`
	Taken  string `type:"path" placeholder:"FILE" help:"A file that is made when something was taken."`
}

// Files that travel on the boot partition, which any machine can read.
const (
	carriedRequest = "request.json" // from a board without an enrolment
	carriedConfig  = "board.yaml"   // to it
	carriedAnswer  = "answer.json"  // to it
)

// Run serves a technician who has the board's card in hand, and no keyboard at
// the pole: it writes the board's request for enrolment, and takes a config and
// an answer that it finds. Whatever is taken or refused gets another name, so
// that it is looked at once.
func (c *firstBootCommand) Run() error {
	if err := os.Mkdir(c.From, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make folder: %w", err)
	}
	config, err := c.take(carriedConfig, c.takeConfig)
	enrolment, err2 := c.take(carriedAnswer, func(path string) error {
		return (&enrolCommand{Data: c.Data, Answer: path}).Run()
	})
	errs := errors.Join(err, err2, c.request())
	if (config || enrolment) && c.Taken != "" {
		errs = errors.Join(errs, os.WriteFile(c.Taken, nil, 0o644))
	}
	return errs
}

// request is written as long as the board has no enrolment.
func (c *firstBootCommand) request() error {
	path := filepath.Join(c.From, carriedRequest)
	if _, err := os.Stat(filepath.Join(c.Data, enrolmentFile)); err == nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(c.Data, keyFile)); err == nil {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
	}
	return (&initCommand{Data: c.Data, Out: path}).Run()
}

// takeConfig puts a config without faults where the agent reads it.
func (c *firstBootCommand) takeConfig(path string) error {
	data, err := readFile(path, mostConfig)
	if err != nil {
		return fmt.Errorf("read config: %w", err)
	}
	cfg, err := parseConfig(data)
	if err != nil {
		return fmt.Errorf("config %s: %w", path, err)
	}
	if filepath.Clean(cfg.Data) != filepath.Clean(c.Data) {
		return fmt.Errorf("config %s: 1 faults\n  data: is %q, must be %s on this board", path, cfg.Data, c.Data)
	}
	if err := writeFile(c.Config, data); err != nil {
		return fmt.Errorf("keep config: %w", err)
	}
	fmt.Println("config written to", c.Config)
	return nil
}

// take does one file, if it is there, and says beside it why it is refused.
func (c *firstBootCommand) take(name string, do func(path string) error) (taken bool, err error) {
	path := filepath.Join(c.From, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	stem, ending := strings.TrimSuffix(path, filepath.Ext(path)), filepath.Ext(path)
	said := stem + ".error.txt"
	if err := do(path); err != nil {
		text := fmt.Sprintf("Không nhận tệp %s.\r\n%s was not taken.\r\n\r\n%s\r\n",
			name, name, strings.ReplaceAll(err.Error(), "\n", "\r\n"))
		return false, errors.Join(err, writeFile(said, []byte(text)), os.Rename(path, stem+".refused"+ending))
	}
	if err := os.Remove(said); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, fmt.Errorf("remove what was said before: %w", err)
	}
	if err := os.Rename(path, stem+".taken"+ending); err != nil {
		return true, fmt.Errorf("put %s aside: %w", name, err)
	}
	return true, nil
}
