package caddyedge

import "testing"

func TestTheCollectorsHeadroomIsBounded(t *testing.T) {
	for name, test := range map[string]struct {
		live uint64
		want int
	}{
		"nothing yet":       {0, 1600},
		"a small table":     {6 << 20, 800},
		"100,000 hosts":     {25 << 20, 200},
		"a million hosts":   {150 << 20, 100},
		"more than a limit": {2 << 30, 100},
	} {
		t.Run(name, func(t *testing.T) {
			if got := percentFor(test.live); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
