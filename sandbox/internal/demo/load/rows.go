package load

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Row is what became of the requests of one kind of shop by one method.
type Row struct {
	Kind     string  `json:"kind"`
	Method   string  `json:"method"`
	Sent     int     `json:"sent"`
	Answered int     `json:"answered"`
	Lost     int     `json:"lost"`
	P50      float64 `json:"p50Millis"`
	P99      float64 `json:"p99Millis"`
	Max      float64 `json:"maxMillis"`
}

// Rows sums up, by kind and method.
func (v Visits) Rows() []Row {
	type key struct{ kind, method string }
	groups := map[key]Visits{}
	for _, visit := range v {
		k := key{visit.Kind, visit.Method}
		groups[k] = append(groups[k], visit)
	}
	rows := []Row{}
	for k, all := range groups {
		lost := len(all.Lost())
		rows = append(rows, Row{
			Kind: k.kind, Method: k.method, Sent: len(all), Answered: len(all) - lost, Lost: lost,
			P50: millis(all.Quantile(0.5)), P99: millis(all.Quantile(0.99)), Max: millis(all.Slowest()),
		})
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Method, b.Method))
	})
	return rows
}

func millis(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}

// Header is that of the table of rows.
func Header() []string {
	return []string{"shops", "method", "sent", "answered", "lost", "p50", "p99", "longest"}
}

// Cells is a row of that table.
func (r Row) Cells() []string {
	ms := func(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) + " ms" }
	return []string{
		r.Kind, r.Method, strconv.Itoa(r.Sent), strconv.Itoa(r.Answered), strconv.Itoa(r.Lost),
		ms(r.P50), ms(r.P99), ms(r.Max),
	}
}
