package pi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/host/v3/gpioioctl"
)

// claims holds the lines that this process uses. The kernel refuses a line to
// two processes, but periph hands the same one out twice within a process.
var claims = struct {
	sync.Mutex
	by map[*gpioioctl.GPIOLine]string
}{by: map[*gpioioctl.GPIOLine]string{}}

// claimLine finds a line by its chip's label (pinctrl-rp1 on a Pi 5,
// pinctrl-bcm2711 on a Pi 4, pinctrl-bcm2835 before) and its name there
// (GPIO17) or number, and notes who uses it.
func claimLine(user, chip, line string) (*gpioioctl.GPIOChip, *gpioioctl.GPIOLine, error) {
	if _, err := driverreg.Init(); err != nil {
		return nil, nil, fmt.Errorf("start GPIO driver: %w", err)
	}
	c, l, err := findLine(chip, line)
	if err != nil {
		return nil, nil, err
	}
	claims.Lock()
	defer claims.Unlock()
	if other := claims.by[l]; other != "" {
		return nil, nil, fmt.Errorf("line %s of GPIO chip %s is already used by %s", line, chip, other)
	}
	claims.by[l] = user
	return c, l, nil
}

func freeLine(l *gpioioctl.GPIOLine) {
	claims.Lock()
	defer claims.Unlock()
	delete(claims.by, l)
}

func findLine(chip, line string) (*gpioioctl.GPIOChip, *gpioioctl.GPIOLine, error) {
	if len(gpioioctl.Chips) == 0 {
		return nil, nil, errors.New("this machine shows no GPIO chip: is there a /dev/gpiochip0, and may this user open it?")
	}
	var found *gpioioctl.GPIOChip
	var labels []string
	for _, c := range gpioioctl.Chips {
		labels = append(labels, strconv.Quote(c.Label()))
		if c.Label() != chip {
			continue
		}
		if found != nil {
			return nil, nil, fmt.Errorf("two GPIO chips are labelled %q", chip)
		}
		found = c
	}
	if found == nil {
		return nil, nil, fmt.Errorf("no GPIO chip is labelled %q; there are %s", chip, strings.Join(labels, ", "))
	}
	if l := found.ByName(line); line != "" && l != nil {
		return found, l, nil
	}
	n, err := strconv.Atoi(line)
	if err != nil {
		return nil, nil, fmt.Errorf("GPIO chip %s has no line named %q", chip, line)
	}
	if n < 0 || n >= found.LineCount() {
		return nil, nil, fmt.Errorf("GPIO chip %s has no line %d, only 0 to %d", chip, n, found.LineCount()-1)
	}
	return found, found.ByNumber(n), nil
}
