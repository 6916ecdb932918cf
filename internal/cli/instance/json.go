package instance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	kjson "sigs.k8s.io/json"
)

// keys are the fields of the JSON form.
var keys = []string{"levels", "shopSets", "clusters", "classes", "groups", "rebalance", "freeze"}

// IsJSON tells the compact form from Kubernetes objects by its first field.
func IsJSON(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	t, err := d.Token()
	if err != nil {
		return false
	}
	first, _ := t.(string)
	for _, key := range keys {
		if first == key {
			return true
		}
	}
	return false
}

// JSON adds what a JSON file says.
func (r *Reader) JSON(name string, data []byte) error {
	var found rows
	strict, err := kjson.UnmarshalStrict(data, &found)
	if err != nil {
		return fmt.Errorf("reading %s: %w", located(name, data, err), err)
	}
	if len(strict) > 0 {
		texts := make([]string, 0, len(strict))
		for _, e := range strict {
			texts = append(texts, e.Error())
		}
		return fmt.Errorf("reading %s: %s; the fields are in `shopctl place --help`", name, strings.Join(texts, ", "))
	}
	for i := range found.ShopSets {
		found.ShopSets[i].at = fmt.Sprintf("%s, shopSets[%d]", name, i)
	}
	for i := range found.Clusters {
		found.Clusters[i].at = fmt.Sprintf("%s, clusters[%d]", name, i)
	}
	for i := range found.Classes {
		found.Classes[i].at = fmt.Sprintf("%s, classes[%d]", name, i)
	}
	for i := range found.Groups {
		found.Groups[i].at = fmt.Sprintf("%s, groups[%d]", name, i)
	}
	return r.add(name, found)
}

// located adds line and column to a file's name where the error tells an offset.
func located(name string, data []byte, err error) string {
	var wrongType *json.UnmarshalTypeError
	isSyntax, offset := kjson.SyntaxErrorOffset(err)
	if !isSyntax {
		if !errors.As(err, &wrongType) {
			return name
		}
		offset = wrongType.Offset
	}
	before := data[:max(0, min(offset, int64(len(data))))]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf("%s, line %d, column %d", name, line, len(before)-bytes.LastIndexByte(before, '\n')-1)
}
