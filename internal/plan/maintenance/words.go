package maintenance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"shopset.dev/shopset/internal/plan/routes"
)

// blastRadius says who is concerned.
func (r *run) blastRadius() string {
	shops, standby, classes := 0, 0, make(map[string]bool)
	held := 0
	for _, g := range r.in.Placement.Groups {
		if !r.holds(g.Current) {
			continue
		}
		if !r.on[g.Current[0]] {
			held += g.Shops
			continue
		}
		shops += g.Shops
		classes[routes.ClassOf(g.Name)] = true
		if slices.ContainsFunc(g.Current, func(name string) bool { return !r.on[name] && r.objects[name] != nil }) {
			standby += g.Shops
		}
	}
	cluster := r.in.Maintenance.Spec.Cluster
	also := ""
	if held > 0 {
		also = fmt.Sprintf("; %s more have a standby there, which is moved", number(held))
	}
	if shops == 0 {
		return fmt.Sprintf("no shop is served on %s now%s", cluster, also)
	}
	return fmt.Sprintf("%s of %s are served on %s now, %s have a standby elsewhere, %s have none and are moved while they are served%s",
		counted(shops, "shop"), counted(len(classes), "class"), cluster, number(standby), number(shops-standby), also)
}

// counted gives "1 shop", "1,204 shops".
func counted(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "s"):
		return number(n) + " " + what + "es"
	default:
		return number(n) + " " + what + "s"
	}
}

// number parts thousands.
func number(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// requests words thousandths of a request per second.
func requests(milli int64) string {
	return number(int((milli+999)/1000)) + " requests/s"
}

func listed(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

func orElse(text, other string) string {
	if text != "" {
		return text
	}
	return other
}

func compareNames(a, b string) int { return strings.Compare(a, b) }
