package central

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"loa/central/demo"
)

// demoFolder of a data folder holds a demo's keys. That it is there is the mark
// of a demo.
const demoFolder = "demo"

// markData sees that a demo's folder and a province's are never taken for each
// other: in a demo's lie the private keys of everybody who may order there.
func markData(dir string, isDemo bool) error {
	mark := filepath.Join(dir, demoFolder)
	marked, err := exists(mark)
	if err != nil {
		return fmt.Errorf("look for the mark of a demo: %w", err)
	}
	used, err := exists(filepath.Join(dir, keyFile))
	if err != nil {
		return fmt.Errorf("look for central's key: %w", err)
	}
	switch {
	case marked && !isDemo:
		return fmt.Errorf("%s is the folder of a demo: the keys of everybody who may order there lie in it; give --demo, or another folder", dir)
	case isDemo && used && !marked:
		return fmt.Errorf("%s holds the data of a server that is no demo; give another folder", dir)
	case !isDemo || marked:
		return nil
	}
	if err := os.Mkdir(mark, 0o700); err != nil {
		return fmt.Errorf("mark data folder as a demo: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("mark data folder as a demo: %w", err)
	}
	return nil
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// openDemo sets a demo up as far as boards and people need it at once. A folder
// whose root is a demo's serves nobody else, whatever its mark.
func (c *Central) openDemo() error {
	root, err := c.orders.Root()
	rooted := err == nil && demo.Rooted(root)
	switch {
	case !c.Demo && rooted:
		return fmt.Errorf("the root in %s is that of a demo: its keys are nobody's secret; use another folder", c.Data)
	case !c.Demo:
		return nil
	case err == nil && !rooted:
		return fmt.Errorf("the root in %s is not that of a demo; use another folder", c.Data)
	}
	say := c.Say
	if say == nil {
		say = func(string) {}
	}
	c.demo = demo.New(demo.Options{
		Dir: filepath.Join(c.Data, demoFolder), Registry: c.registry, Library: c.library, Planner: c.planner, Orders: c.orders,
		Planned: c.planned, Say: say, Log: c.Log,
	})
	if err := c.demo.SetUp(context.Background()); err != nil {
		return fmt.Errorf("set up demo: %w", err)
	}
	return nil
}

// inviteToDemo keeps the link by which a newcomer gets in, once the server's
// address is known.
func (c *Central) inviteToDemo() error {
	if c.demo == nil {
		return nil
	}
	return c.demo.Invite(context.Background(), c.Addresses().Link)
}
