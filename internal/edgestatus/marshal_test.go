package edgestatus

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func status(n int, reason string) Status {
	s := Status{Edge: "edge-1", Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Ready: true}
	for i := range n {
		s.ShopSets = append(s.ShopSets, ShopSetStatus{
			Name: fmt.Sprintf("shopset-%05d", i), Healthy: i%10 != 0, Reason: reason, Since: s.Time, LastRequest: s.Time,
		})
	}
	return s
}

func TestMarshalKeepsWithinItsBound(t *testing.T) {
	long := strings.Repeat("é", 150)
	tests := map[string]struct {
		status    Status
		truncated bool
		shopSets  int
	}{
		"a few":                      {status(3, "why"), false, 3},
		"a thousand":                 {status(1000, ""), false, 1000},
		"a thousand with reasons":    {status(1000, long), true, 1000},
		"five thousand":              {status(5000, long), true, 500}, // those that are bad
		"more bad ones than fit":     {status(50_000, long), true, 0},
		"one whose own words do not": {Status{Edge: "edge-1", Table: Table{Notice: strings.Repeat("x", MaxBytes)}}, true, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text, err := Marshal(test.status)
			if err != nil {
				t.Fatal(err)
			}
			var back Status
			if err := json.Unmarshal([]byte(text), &back); err != nil {
				t.Fatal(err)
			}
			if len(text) > MaxBytes || back.Truncated != test.truncated || len(back.ShopSets) != test.shopSets || back.Edge != "edge-1" {
				t.Errorf("%d bytes, truncated %v, %d ShopSets", len(text), back.Truncated, len(back.ShopSets))
			}
		})
	}
}
