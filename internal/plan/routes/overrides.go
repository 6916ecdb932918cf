package routes

import (
	"fmt"
	"strings"
	"time"
)

// The override table lies in a ConfigMap of its own, set by hand.
const (
	OverrideConfigMap = "shopset-routes-override"
	// ShopSetMatch begins a Match that means whatever a ShopSet serves.
	ShopSetMatch = "shopset:"
)

const mostOverrides = 1000

// DecodeOverrides reads rows "match shopset[,shopset…] until owner reason…", in any order, with
// comments and empty lines anywhere: a person writes them in a hurry. Hosts are normalised.
func DecodeOverrides(text string) ([]Override, error) {
	if len(text) > MaxFile {
		return nil, &Problem{File: OverrideFile, What: fmt.Sprintf("has %d bytes, more than %d", len(text), MaxFile), Next: "delete rows"}
	}
	var list []Override
	seen := map[string]bool{}
	line := 0
	for row := range strings.Lines(text) {
		line++
		row = strings.TrimSpace(row)
		if row == "" || row[0] == '#' {
			continue
		}
		o, problem := parseOverride(row)
		switch {
		case problem != nil:
		case seen[o.Match]:
			problem = &Problem{What: fmt.Sprintf("%s is there twice", quoted(o.Match)), Next: "keep one of the rows"}
		case len(list) == mostOverrides:
			problem = &Problem{What: fmt.Sprintf("more than %d rows", mostOverrides), Next: "override a group or a ShopSet instead of many hosts"}
		}
		if problem != nil {
			problem.File, problem.Line = OverrideFile, line
			return nil, problem
		}
		seen[o.Match] = true
		list = append(list, o)
	}
	return list, nil
}

func parseOverride(row string) (Override, *Problem) {
	const columns = 5
	fields := strings.Fields(row)
	if len(fields) < columns {
		return Override{}, fieldsProblem(row, "match shopset[,shopset…] until owner reason…")
	}
	match, problem := normalMatch(fields[0])
	if problem != nil {
		return Override{}, problem
	}
	if problem := listProblem(fields[1]); problem != nil {
		return Override{}, problem
	}
	if _, err := time.Parse(time.RFC3339, fields[2]); err != nil {
		return Override{}, nameIn("until", fields[2], "is no time such as 2026-01-02T15:04:05Z")
	}
	return Override{
		Match: match, ShopSets: strings.Split(fields[1], ","), Until: fields[2],
		Owner: fields[3], Reason: strings.Join(fields[4:], " "),
	}, nil
}

// normalMatch tells a ShopSet by its prefix, a group by its slash; all else is a host.
func normalMatch(match string) (string, *Problem) {
	if name, found := strings.CutPrefix(match, ShopSetMatch); found {
		if problem := nameProblem(name, plainSigns); problem != "" {
			return "", nameIn("ShopSet", name, problem)
		}
		return match, nil
	}
	if strings.Contains(match, "/") {
		if problem := groupProblem(match); problem != "" {
			return "", nameIn("group", match, problem)
		}
		return match, nil
	}
	host, err := NormalizeHost(match)
	if err != nil {
		return "", &Problem{What: err.Error(), Next: "or name a group or " + ShopSetMatch + "<name>"}
	}
	return host, nil
}

// EncodeOverrides writes rows as DecodeOverrides reads them, and refuses what it would refuse.
func EncodeOverrides(list []Override) (string, error) {
	text := strings.Builder{}
	text.WriteString("# match shopset[,shopset...] until owner reason...\n")
	for _, o := range list {
		row := strings.Join([]string{o.Match, strings.Join(o.ShopSets, ","), o.Until, o.Owner, o.Reason}, " ")
		if strings.ContainsAny(row, "\r\n") || strings.ContainsAny(o.Owner, " \t") {
			return "", fmt.Errorf("override of %s: owner must be one word, and no field may have a line break; correct it", o.Match)
		}
		text.WriteString(row + "\n")
	}
	_, err := DecodeOverrides(text.String())
	return text.String(), err
}
