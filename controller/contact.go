package controller

import (
	"context"
	"fmt"
	"time"

	"loa/firmware"
)

// retryInput is how long a line that cannot be read is left alone.
const retryInput = 10 * time.Second

// inputPart names an input among the faults.
func inputPart(name string) string { return "input " + name }

// watch takes what one input tells. A broken line is a fault and is tried again:
// a board without its button is still a board.
func (c *Controller) watch(ctx context.Context, in firmware.Input) {
	for {
		err := in.Watch(ctx, func(p firmware.Press) { c.contact(in.Use(), p) })
		if ctx.Err() != nil {
			return
		}
		c.events.put(Fault{inputPart(in.Name()), fmt.Sprintf("its line was lost: %v", err)})
		if in.Use() == firmware.MainsPresent {
			c.mains.contact(in.Name(), "contact "+in.Name()+" cannot be read")
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryInput):
		}
	}
}

// contact takes where a contact went. Only a button's comes to Step, so no other
// one can ever sound anything.
func (c *Controller) contact(use firmware.Use, p firmware.Press) {
	detail := ""
	switch {
	case use == firmware.EmergencyButton:
		c.events.put(Pressed{p})
		return
	case use == firmware.MainsPresent && p.Active:
		c.mains.contact(p.Input, "")
	case use == firmware.MainsPresent: // which the mains tell
		c.mains.contact(p.Input, "contact "+p.Input+" is open")
	case use == firmware.CabinetDoor && p.Active:
		detail = "cabinet door is open"
	case use == firmware.AmplifierFault && p.Active:
		detail = "the amplifier tells of a fault"
	}
	c.events.put(Fault{inputPart(p.Input), detail})
}
