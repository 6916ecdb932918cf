package routes

import (
	"fmt"
	"strings"
)

// MaxFile bounds each file, in bytes: kubectl keeps a copy of a ConfigMap in an annotation of at
// most 262,144 bytes, in which every end of a line takes two.
const MaxFile = 200 << 10

// maxLine is longer than any row can be, and bounds what is looked at.
const maxLine = 8 << 10

// eachRow calls visit with each row and its offset in text, until one is wrong. It holds what all
// files have in common: comments at the top, one row a line, sorted by the first field.
func eachRow(file, text string, visit func(line, offset int, row string) *Problem) error {
	if len(text) > MaxFile {
		return &Problem{File: file, What: fmt.Sprintf("has %d bytes, more than %d", len(text), MaxFile), Next: "split it into more shards"}
	}
	previous, rows := "", 0
	for line, offset := 1, 0; offset < len(text); line++ {
		row, _, _ := strings.Cut(text[offset:], "\n")
		start := offset
		offset += len(row) + 1
		if strings.HasPrefix(row, "#") && rows == 0 {
			continue
		}
		if problem := lineProblem(row); problem != nil {
			problem.File, problem.Line = file, line
			return problem
		}
		key, _, _ := strings.Cut(row, " ")
		if rows > 0 && key <= previous {
			return orderProblem(file, line, key, previous)
		}
		if problem := visit(line, start, row); problem != nil {
			problem.File, problem.Line = file, line
			return problem
		}
		previous = key
		rows++
	}
	return nil
}

func lineProblem(row string) *Problem {
	switch {
	case row == "":
		return &Problem{What: "the line is empty", Next: "delete it"}
	case row[0] == '#':
		return &Problem{What: "a comment below the first row", Next: "move it to the top or delete it"}
	case len(row) > maxLine:
		return &Problem{What: fmt.Sprintf("the line has %d bytes", len(row)), Next: "shorten it"}
	case row[len(row)-1] == '\r':
		return &Problem{What: "the line ends with a carriage return", Next: "save the file with Unix line ends"}
	}
	for i := range len(row) {
		if row[i] < ' ' || row[i] == 0x7f {
			return &Problem{What: fmt.Sprintf("control character %q", row[i]), Next: "part fields with one blank"}
		}
	}
	return nil
}

func orderProblem(file string, line int, key, previous string) *Problem {
	if key == previous {
		return &Problem{File: file, Line: line, What: fmt.Sprintf("%s is there twice", quoted(key)), Next: "keep one of the rows"}
	}
	return &Problem{
		File: file, Line: line, What: fmt.Sprintf("%s is after %s", quoted(key), quoted(previous)),
		Next: "sort the rows: LC_ALL=C sort",
	}
}

// fieldsProblem says how a row should have looked.
func fieldsProblem(row, form string) *Problem {
	return &Problem{What: fmt.Sprintf("row %s is not of the form %q", quoted(row), form), Next: "part its fields with one blank each"}
}

func nameIn(what, name, problem string) *Problem {
	return &Problem{What: fmt.Sprintf("%s %s %s", what, quoted(name), problem), Next: "correct it"}
}

// ScanHosts visits the rows of a file of table A; offset is where the row begins in text. Shards
// is how many such files there are, and shard which one of them this is.
func ScanHosts(file, text string, shard, shards int, visit func(offset int, h Host) error) error {
	return eachRow(file, text, func(_, offset int, row string) *Problem {
		h, problem := parseHost(row)
		if problem == nil {
			problem = shardProblem("hosts", h.Name, shard, shards)
		}
		return visited(problem, func() error { return visit(offset, h) })
	})
}

// ScanGroups visits the rows of a file of table B. The list of ShopSets is as it is in the file,
// valid and parted by commas.
func ScanGroups(file, text string, shard, shards int, visit func(offset int, group, shopSets string) error) error {
	return eachRow(file, text, func(_, offset int, row string) *Problem {
		group, list, found := strings.Cut(row, " ")
		if !found || list == "" || strings.Contains(list, " ") {
			return fieldsProblem(row, "group shopset[,shopset…]")
		}
		problem := groupRowProblem(group, list)
		if problem == nil {
			problem = shardProblem("groups", group, shard, shards)
		}
		return visited(problem, func() error { return visit(offset, group, list) })
	})
}

// visited calls visit unless there is a problem already; what visit finds wrong becomes one.
func visited(problem *Problem, visit func() error) *Problem {
	if problem != nil {
		return problem
	}
	if err := visit(); err != nil {
		return &Problem{What: err.Error(), Next: "correct the row, or add what it names"}
	}
	return nil
}

func shardProblem(table, key string, shard, shards int) *Problem {
	if right := ShardOf(key, shards); right != shard {
		return &Problem{
			What: fmt.Sprintf("%s belongs into %s", quoted(key), shardFile(table, right)), Next: "move the row there",
		}
	}
	return nil
}
