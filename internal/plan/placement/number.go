package placement

import (
	"strconv"
	"strings"
)

// rate writes a load in thousandths of a request per second as people read it: 1,240 or 0.5.
func rate(milli int64) string {
	sign := ""
	if milli < 0 {
		sign, milli = "-", -milli
	}
	text := sign + count(milli/1000)
	if rest := milli % 1000; rest != 0 {
		text += "." + strings.TrimRight(strconv.FormatInt(1000+rest, 10)[1:], "0")
	}
	return text
}

// count writes a number with thousands apart.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// several writes a number of things: 1 group, 2 groups.
func several(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(int64(n)) + " " + thing + "s"
}

// listed joins names for people and says how many it left out.
func listed(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + count(int64(len(names)-most)) + " more"
}
