package verify

import (
	"cmp"
	"fmt"
	"time"

	"shopset.dev/shopset/internal/gitrepo"
)

// verdict is a check's answer about one branch.
type verdict string

// The verdicts.
const (
	proven  verdict = "proven"
	refuted verdict = "refuted"
	unknown verdict = "unknown"
	// idle says that there was nothing to ask.
	idle verdict = "-"
)

// commit is a commit to blame.
type commit struct {
	ID      string    `json:"id"`
	Author  string    `json:"author"`
	Date    time.Time `json:"date"`
	Subject string    `json:"subject"`
	// Repository is "system" or "apps".
	Repository string `json:"repository"`
}

func (c commit) String() string {
	return fmt.Sprintf("%.10s by %s on %s %q", c.ID, c.Author, c.Date.UTC().Format("2006-01-02 15:04:05Z"), c.Subject)
}

func blamed(repository string, c gitrepo.Commit) commit {
	return commit{ID: string(c.OID), Author: c.Author.Name, Date: c.Committer.When, Subject: c.Subject, Repository: repository}
}

// finding is one thing that a check has found. Those with verdict idle are only for information.
type finding struct {
	Verdict verdict  `json:"verdict"`
	Message string   `json:"message"`
	Commits []commit `json:"commits,omitempty"`
}

// result is the outcome of one check on one branch.
type result struct {
	Check    string    `json:"check"`
	Branch   string    `json:"branch"`
	Verdict  verdict   `json:"verdict"`
	Findings []finding `json:"findings,omitempty"`
}

func (r *result) refute(commits []commit, format string, args ...any) {
	r.Findings = append(r.Findings, finding{refuted, fmt.Sprintf(format, args...), commits})
}

func (r *result) doubt(commits []commit, format string, args ...any) {
	r.Findings = append(r.Findings, finding{unknown, fmt.Sprintf(format, args...), commits})
}

// mention adds what is worth knowing and changes no verdict.
func (r *result) mention(commits []commit, format string, args ...any) {
	r.Findings = append(r.Findings, finding{idle, fmt.Sprintf(format, args...), commits})
}

// judged gives the result its verdict: the worst of its findings; otherwise what is given.
func (r result) judged(otherwise verdict) result {
	r.Verdict = otherwise
	for _, f := range r.Findings {
		r.Verdict = worse(r.Verdict, f.Verdict)
	}
	return r
}

// worse compares two verdicts: what is refuted stays so, whatever is not known besides.
func worse(a, b verdict) verdict {
	rank := map[verdict]int{idle: 0, proven: 1, unknown: 2, refuted: 3}
	if cmp.Compare(rank[a], rank[b]) >= 0 {
		return a
	}
	return b
}

// report is everything, as `-o json` prints it.
type report struct {
	Verdict  verdict  `json:"verdict"`
	Branches []string `json:"branches"`
	Tenures  int      `json:"tenures"`
	Results  []result `json:"results"`
}

func (r *report) add(results ...result) {
	for _, one := range results {
		r.Verdict = worse(r.Verdict, one.Verdict)
	}
	r.Results = append(r.Results, results...)
}
