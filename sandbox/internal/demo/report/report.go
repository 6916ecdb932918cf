// Package report holds what a run of the demo claimed and measured, as JSON for programs and as
// tables for people. A claim must hold; a figure has a limit that it should hold.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"shopset.dev/shopset/sandbox/internal/demo/load"
)

// Report is one run.
type Report struct {
	Started time.Time `json:"started"`
	// Seconds the whole run took, without the stop of the sandbox.
	Seconds float64 `json:"seconds"`
	Passed  bool    `json:"passed"`
	// Failure is what ended the run early; empty if nothing did.
	Failure  string            `json:"failure,omitempty"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Acts     []*Act            `json:"acts"`
	// Figures are those over all acts.
	Figures []Figure `json:"figures"`
}

// Act is one act.
type Act struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Seconds float64  `json:"seconds"`
	Claims  []Claim  `json:"claims"`
	Figures []Figure `json:"figures"`
	Climbs  []Climb  `json:"climbs,omitempty"`
	// Traffic is what became of shoppers' requests to the edges, by phases of the act.
	Traffic []Traffic `json:"traffic,omitempty"`
}

// Traffic is one phase of it.
type Traffic struct {
	Phase   string     `json:"phase"`
	Seconds float64    `json:"seconds"`
	Rows    []load.Row `json:"rows"`
	// Gaps are the longest times that a shop was without a good answer, by kind of shop.
	Gaps []Gap `json:"gaps"`
}

// Gap is the longest time that any shop of a kind was without a good answer.
type Gap struct {
	Kind    string  `json:"kind"`
	Shop    string  `json:"shop"`
	Seconds float64 `json:"seconds"`
}

// Claim is something that must be so.
type Claim struct {
	Text string `json:"text"`
	Held bool   `json:"held"`
	// Against says what speaks against it.
	Against []string `json:"against,omitempty"`
}

// Figure is something measured.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Limit is what Value should stay below; zero for none.
	Limit float64 `json:"limit,omitempty"`
}

// Over says whether a figure is over its limit.
func (f Figure) Over() bool { return f.Limit > 0 && f.Value >= f.Limit }

// Begin adds an act.
func (r *Report) Begin(name, title string) *Act {
	act := &Act{Name: name, Title: title, Claims: []Claim{}, Figures: []Figure{}}
	r.Acts = append(r.Acts, act)
	return act
}

// Claim notes a claim with what speaks against it, and says whether it holds: when nothing does.
func (a *Act) Claim(text string, against ...string) Claim {
	c := Claim{Text: text, Held: len(against) == 0, Against: against}
	a.Claims = append(a.Claims, c)
	return c
}

// Figure notes a figure. A limit of zero is none.
func (a *Act) Figure(name string, value float64, unit string, limit float64) {
	a.Figures = append(a.Figures, Figure{Name: name, Value: value, Unit: unit, Limit: limit})
}

// Broken lists the claims that do not hold.
func (r *Report) Broken() []Claim {
	var broken []Claim
	for _, act := range r.Acts {
		for _, claim := range act.Claims {
			if !claim.Held {
				broken = append(broken, claim)
			}
		}
	}
	return broken
}

// Write writes the report as JSON.
func (r *Report) Write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
