package instance

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// most is the largest amount: a thousand million requests per second.
const most = 1_000_000_000 * 1000

// suffixes are what an amount may end in, in thousandths.
var suffixes = []struct {
	letter string
	milli  int64
}{{"m", 1}, {"k", 1000 * 1000}, {"M", 1000 * 1000 * 1000}}

const amountForms = "want requests per second, such as 12, 12.5, 12500m, 1.5k or 2M"

// amount reads thousandths of a request per second. What is finer than that is rounded up.
func amount(text numeral) (int64, error) {
	digits, unit := string(text), int64(1000)
	for _, s := range suffixes {
		if rest, ok := strings.CutSuffix(digits, s.letter); ok {
			digits, unit = rest, s.milli
			break
		}
	}
	whole, fraction, dotted := strings.Cut(digits, ".")
	if !number(whole) || dotted && !number(fraction) {
		return 0, fmt.Errorf("%q is no amount: %s", clipped(string(text)), amountForms)
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n > most/unit {
		return 0, fmt.Errorf("%q is more than %d requests per second: %s", clipped(string(text)), most/1000, amountForms)
	}
	n *= unit
	rest := unit
	for i, c := range fraction {
		if rest /= 10; rest == 0 {
			if strings.Trim(fraction[i:], "0") != "" {
				n++
			}
			break
		}
		n += int64(c-'0') * rest
	}
	if n > most {
		return 0, fmt.Errorf("%q is more than %d requests per second: %s", clipped(string(text)), most/1000, amountForms)
	}
	return n, nil
}

func number(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// integer reads a number between two bounds.
func integer(text numeral, least, greatest, otherwise int) (int, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(string(text))
	switch {
	case err == nil && n >= least && n <= greatest:
		return n, nil
	case greatest == math.MaxInt32:
		return 0, fmt.Errorf("%q is no number from %d up", clipped(string(text)), least)
	}
	return 0, fmt.Errorf("%q is no number from %d to %d", clipped(string(text)), least, greatest)
}

// clipped keeps a value that somebody else wrote from filling the screen.
func clipped(text string) string {
	const length = 80
	if len(text) > length {
		return strings.ToValidUTF8(text[:length], "") + "…"
	}
	return text
}
