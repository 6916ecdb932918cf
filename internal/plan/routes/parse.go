package routes

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// mostInList bounds the ShopSets of a group and the addresses of a ShopSet.
const mostInList = 16

func parseHost(row string) (Host, *Problem) {
	name, rest, _ := strings.Cut(row, " ")
	group, shop, found := strings.Cut(rest, " ")
	if !found || shop == "" || strings.Contains(shop, " ") {
		return Host{}, fieldsProblem(row, "host group shop")
	}
	normal, err := NormalizeHost(name)
	switch {
	case err != nil:
		return Host{}, &Problem{What: err.Error(), Next: "or delete the row"}
	case normal != name:
		return Host{}, &Problem{What: fmt.Sprintf("host %s is not normalised", quoted(name)), Next: "write " + normal}
	}
	if problem := groupProblem(group); problem != "" {
		return Host{}, nameIn("group", group, problem)
	}
	if problem := nameProblem(shop, plainSigns); problem != "" {
		return Host{}, nameIn("shop", shop, problem)
	}
	return Host{Name: name, Group: group, Shop: shop}, nil
}

func groupRowProblem(group, list string) *Problem {
	if problem := groupProblem(group); problem != "" {
		return nameIn("group", group, problem)
	}
	return listProblem(list)
}

// listProblem looks at ShopSets parted by commas: at least one, each once.
func listProblem(list string) *Problem {
	count := 0
	for rest, more := list, true; more; count++ {
		var name string
		seen := list[:len(list)-len(rest)]
		name, rest, more = strings.Cut(rest, ",")
		if problem := nameProblem(name, plainSigns); problem != "" {
			return nameIn("ShopSet", name, problem)
		}
		if containsItem(seen, name) {
			return nameIn("ShopSet", name, "is named twice")
		}
		if count == mostInList {
			return &Problem{What: "too many ShopSets in a row", Next: fmt.Sprintf("name at most %d", mostInList)}
		}
	}
	return nil
}

// containsItem looks in a list of which every item ends with a comma.
func containsItem(list, item string) bool {
	for list != "" {
		var first string
		first, list, _ = strings.Cut(list, ",")
		if first == item {
			return true
		}
	}
	return false
}

// ParseShopSets reads shopsets.txt.
func ParseShopSets(text string) ([]ShopSet, error) {
	var list []ShopSet
	err := eachRow(ShopSetsFile, text, func(_, _ int, row string) *Problem {
		s, problem := parseShopSet(row)
		list = append(list, s)
		return problem
	})
	return list, err
}

func parseShopSet(row string) (ShopSet, *Problem) {
	const columns = 6
	fields := strings.Split(row, " ")
	if len(fields) != columns {
		return ShopSet{}, fieldsProblem(row, "name tier cluster domain state address[,address…]")
	}
	for i, signs := range []string{plainSigns, plainSigns, plainSigns, domainSigns} {
		problem := nameProblem(fields[i], signs)
		if problem != "" && (i < 2 || fields[i] != empty) {
			return ShopSet{}, nameIn([]string{"ShopSet", "tier", "cluster", "domain"}[i], fields[i], problem)
		}
	}
	s := ShopSet{Name: fields[0], Tier: fields[1], Cluster: absent(fields[2]), Domain: absent(fields[3]), State: State(fields[4])}
	if s.State != Active && s.State != Drained {
		return ShopSet{}, nameIn("state", fields[4], fmt.Sprintf("is neither %s nor %s", Active, Drained))
	}
	if fields[5] == empty {
		return s, nil
	}
	s.Addresses = strings.Split(fields[5], ",")
	if len(s.Addresses) > mostInList {
		return ShopSet{}, &Problem{What: fmt.Sprintf("%d addresses", len(s.Addresses)), Next: fmt.Sprintf("name at most %d", mostInList)}
	}
	for _, address := range s.Addresses {
		if problem := addressProblem(address); problem != "" {
			return ShopSet{}, nameIn("address", address, problem)
		}
	}
	return s, nil
}

// empty stands for a field without content.
const empty = "-"

func absent(field string) string {
	if field == empty {
		return ""
	}
	return field
}

// ParseClasses reads classes.txt.
func ParseClasses(text string) ([]Class, error) {
	var list []Class
	err := eachRow(ClassesFile, text, func(_, _ int, row string) *Problem {
		c, problem := parseClass(row)
		list = append(list, c)
		return problem
	})
	return list, err
}

func parseClass(row string) (Class, *Problem) {
	fields := strings.Split(row, " ")
	if problem := nameProblem(fields[0], plainSigns); problem != "" {
		return Class{}, nameIn("class", fields[0], problem)
	}
	c, seen := Class{Name: fields[0]}, map[string]bool{}
	for _, field := range fields[1:] {
		key, value, found := strings.Cut(field, "=")
		into := classField(&c, key)
		if !found || into == nil || seen[key] {
			return Class{}, &Problem{
				What: fmt.Sprintf("%s is not one of the settings, or there twice", quoted(field)), Next: "use each of " + strings.Join(classKeys, ", ") + " at most once",
			}
		}
		seen[key] = true
		number, err := classValue(key, value)
		if err != nil {
			return Class{}, &Problem{What: err.Error(), Next: "correct it"}
		}
		*into = number
	}
	return c, nil
}

// classKeys in the order in which they are written.
var classKeys = []string{"rate", "burst", "in-flight", "retry-percent", "connect", "response"}

func classField(c *Class, key string) *int {
	switch key {
	case "rate":
		return &c.RatePerSecond
	case "burst":
		return &c.Burst
	case "in-flight":
		return &c.MaxInFlight
	case "retry-percent":
		return &c.RetryPercent
	case "connect":
		return &c.ConnectMillis
	case "response":
		return &c.ResponseMillis
	}
	return nil
}

func timed(key string) bool { return key == "connect" || key == "response" }

// classValue is a number, or for times a duration in whole milliseconds.
func classValue(key, value string) (int, error) {
	if timed(key) {
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 || d > 24*time.Hour || d%time.Millisecond != 0 {
			return 0, fmt.Errorf("%s=%s is no time such as 500ms or 30s", key, quoted(value))
		}
		return int(d / time.Millisecond), nil
	}
	const most = 1_000_000_000
	number, err := strconv.Atoi(value)
	if err != nil || number < 0 || number > most {
		return 0, fmt.Errorf("%s=%s is no number between 0 and %d", key, quoted(value), most)
	}
	return number, nil
}

// DefaultClass is how a class without a row is treated.
func DefaultClass(name string) Class {
	return Class{Name: name, RetryPercent: 20, ConnectMillis: 500, ResponseMillis: 30_000}
}
