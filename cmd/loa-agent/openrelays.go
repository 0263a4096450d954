package main

import (
	"errors"
	"fmt"

	"loa/firmware/pi"
)

type openRelaysCommand struct {
	Config string `required:"" type:"existingfile" placeholder:"FILE" help:"The board's config file."`
}

// Run drives every relay open and gives its line back. The service does so
// before every start and after every end of the agent: what a line does that a
// dead process held is its driver's choice, and some leave the contact closed.
func (c *openRelaysCommand) Run() error {
	cfg, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	return cfg.openRelays("/proc/device-tree/model")
}

// openRelays goes on after an error, and returns all of them.
func (c config) openRelays(modelFile string) error {
	if err := c.fits(modelFile); err != nil {
		return err
	}
	var errs []error
	opened := 0
	for _, o := range c.Outputs {
		for _, r := range o.Relays {
			if r.Kind != kindGPIO {
				continue
			}
			relay, err := pi.OpenRelay(c.relayOptions(r))
			if err == nil {
				err = relay.Close()
			}
			if errs = append(errs, err); err == nil {
				opened++
			}
		}
	}
	fmt.Printf("%d relays are open\n", opened)
	return errors.Join(errs...)
}
