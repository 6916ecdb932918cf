package instance

import (
	"bytes"
	"encoding/json"
)

// rows are what the files say, not yet checked.
type rows struct {
	Levels    []string     `json:"levels"`
	ShopSets  []shopSetRow `json:"shopSets"`
	Clusters  []clusterRow `json:"clusters"`
	Classes   []classRow   `json:"classes"`
	Groups    []groupRow   `json:"groups"`
	Rebalance bool         `json:"rebalance"`
	Freeze    string       `json:"freeze"`
}

// place is where a row stands, for people.
type place struct{ at string }

type shopSetRow struct {
	place

	Name      string  `json:"name"`
	Tier      string  `json:"tier"`
	Cluster   string  `json:"cluster"`
	Capacity  numeral `json:"capacity"`
	Domain    string  `json:"domain"`
	State     string  `json:"state"`
	Dedicated bool    `json:"dedicated"`
}

type clusterRow struct {
	place

	Name     string  `json:"name"`
	Capacity numeral `json:"capacity"`
}

type classRow struct {
	place

	Name     string   `json:"name"`
	Tier     string   `json:"tier"`
	Copies   numeral  `json:"copies"`
	Spread   []string `json:"spread"`
	Prefer   []string `json:"prefer"`
	Priority numeral  `json:"priority"`
}

type groupRow struct {
	place

	Name    string   `json:"name"`
	Class   string   `json:"class"`
	Weight  numeral  `json:"weight"`
	Shops   numeral  `json:"shops"`
	Current []string `json:"current"`
	Home    []string `json:"home"`
	Pin     []string `json:"pin"`
	Avoid   []string `json:"avoid"`
}

// numeral is a number as it is written. JSON may write it with quotes or without.
type numeral string

// UnmarshalJSON takes any value: what is no number is told later, with its place.
func (n *numeral) UnmarshalJSON(raw []byte) error {
	var text string
	switch {
	case bytes.Equal(raw, []byte("null")):
		return nil
	case json.Unmarshal(raw, &text) == nil:
		*n = numeral(text)
	default:
		*n = numeral(raw)
	}
	return nil
}
