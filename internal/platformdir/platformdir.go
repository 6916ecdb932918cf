// Package platformdir reads the resources that whoever runs ShopSet adds to every
// ShopSet, for the controller and for offline rendering alike.
package platformdir

import (
	"fmt"
	"os"
	"path/filepath"
)

// mostBytes bounds one file: what an overlay carries is applied to every ShopSet.
const mostBytes = 1 << 20

// Read gives the *.yaml files of a folder by name. Without a folder there are none.
func Read(folder string) (map[string][]byte, error) {
	if folder == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("reading --platform-dir: %w", err)
	}
	out := map[string][]byte{}
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != ".yaml" {
			continue
		}
		name := filepath.Join(folder, e.Name())
		if info, err := os.Stat(name); err != nil {
			return nil, fmt.Errorf("reading --platform-dir: %w", err)
		} else if info.Size() > mostBytes {
			return nil, fmt.Errorf("reading --platform-dir: %s has %d bytes, more than %d: split it", name, info.Size(), mostBytes)
		}
		if out[e.Name()], err = os.ReadFile(name); err != nil {
			return nil, fmt.Errorf("reading --platform-dir: %w", err)
		}
	}
	return out, nil
}
