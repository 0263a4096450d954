package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"loa/firmware"
)

func TestWatchdogPath(t *testing.T) {
	wired := []output{{Relays: []relay{{Kind: kindGPIO}}, Speaker: speaker{Kind: kindSim}}}
	simulated := []output{{Relays: []relay{{Kind: kindSim}}, Speaker: speaker{Kind: kindSim}}}
	for name, tt := range map[string]struct {
		c    config
		want string
	}{
		"a Raspberry Pi's own":         {config{Board: "raspberry-pi-4", Outputs: wired}, "/dev/watchdog"},
		"another one":                  {config{Board: "raspberry-pi-4", Outputs: wired, Watchdog: "/dev/watchdog1"}, "/dev/watchdog1"},
		"not to be used":               {config{Board: "raspberry-pi-4", Outputs: wired, Watchdog: "none"}, ""},
		"a board that is not known":    {config{Outputs: wired}, ""},
		"a simulated board":            {config{Board: "raspberry-pi-4", Outputs: simulated}, ""},
		"a simulated board that wants": {config{Outputs: simulated, Watchdog: "/dev/watchdog"}, "/dev/watchdog"},
	} {
		if got := tt.c.watchdogPath(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestConfigOfAWatchdog(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{"/dev/watchdog1", ""},
		{"none", ""},
		{"softdog", `watchdog: "softdog" is neither a device, as /dev/watchdog, nor none`},
		{"../dev/watchdog", `is neither a device`},
	} {
		_, err := parseConfig([]byte("watchdog: " + tt.value + "\n" + goodConfig))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.value, err, tt.want)
		}
	}
}

// A watchdog that cannot be had is a fault, not the end.
func TestWatchdogThatIsNotThere(t *testing.T) {
	path := filepath.Join("/dev", t.Name())
	b := firmware.Board{}
	addWatchdogs(t.Context(), &b, config{Watchdog: path}, "", slog.New(slog.DiscardHandler))
	if len(b.Watchdogs) != 0 || len(b.Monitors) != 1 {
		t.Fatalf("%d watchdogs, %d monitors", len(b.Watchdogs), len(b.Monitors))
	}
	told := ""
	b.Monitors[0].Watch(context.Background(), func(what string) { told = what })
	if b.Monitors[0].Name() != "watchdog" || !strings.HasPrefix(told, "open watchdog "+path+": no such file") {
		t.Errorf("%s: %s", b.Monitors[0].Name(), told)
	}
}

func TestOpenRelays(t *testing.T) {
	simulated, _ := aConfig(t, t.TempDir(), "{kind: sim}")
	must(t, (&openRelaysCommand{Config: simulated}).Run())

	absent := writeConfig(t, strings.Replace(goodConfig, "pinctrl-rp1", "no such chip", 2))
	err := (&openRelaysCommand{Config: absent}).Run()
	if err == nil || strings.Count(err.Error(), "open relay ") != 2 {
		t.Errorf("each of the two relays is tried: %v", err)
	}

	// On another board the same line may close something.
	c := config{Board: "raspberry-pi-4", Outputs: []output{{Relays: []relay{{Kind: kindGPIO, Line: "GPIO17"}}, Speaker: speaker{Kind: kindALSA}}}}
	model := write(t, filepath.Join(t.TempDir(), "model"), []byte("Raspberry Pi 5 Model B Rev 1.0\x00"))
	if err := c.openRelays(model); err == nil || !strings.Contains(err.Error(), "which is board raspberry-pi-5") {
		t.Errorf("on another board: %v", err)
	}
}
