package convention

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/api/v1alpha1"
)

// problem is something wrong with a patch.
type problem struct {
	code Code
	what string
}

// patchProblems reads a patch as kustomize does: YAML or JSON, one or more documents, each a
// strategic merge patch (an object) or a JSON 6902 patch (a list).
func patchProblems(p v1alpha1.Patch) []problem {
	kind := ""
	if p.Target != nil {
		kind = p.Target.Kind
	}
	var problems []problem
	documents := 0
	for _, text := range documentsOf(p.Patch) {
		document, err := parse(text)
		if err != nil {
			// The parser's own words may repeat part of the text, and so part of a secret.
			return []problem{{CodeInvalidPatch, "this is neither YAML nor JSON"}}
		}
		if document == nil {
			continue
		}
		documents++
		switch d := document.(type) {
		case map[string]any:
			problems = append(problems, strategicProblems(d, p.Target == nil, kind)...)
		case []any:
			problems = append(problems, operationProblems(d, p.Target == nil, kind)...)
		default:
			problems = append(problems, problem{CodeInvalidPatch, "a patch must be an object or a list of operations"})
		}
	}
	if documents == 0 {
		problems = append(problems, problem{CodeInvalidPatch, "the patch is empty"})
	}
	return problems
}

var separator = regexp.MustCompile(`(?m)^---(?:[ \t].*)?\r?$`)

func documentsOf(patch string) []string {
	return separator.Split(patch, -1)
}

// parse refuses a key that is set twice: one of the two values would go unseen.
func parse(text string) (any, error) {
	asJSON, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("reading a patch: %w", err)
	}
	var document any
	decoder := json.NewDecoder(bytes.NewReader(asJSON))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("reading a patch: %w", err)
	}
	return document, nil
}

// strategicProblems checks an object that is merged into another one, or a list of such.
func strategicProblems(doc map[string]any, needsName bool, targetKind string) []problem {
	kind, _ := doc["kind"].(string)
	if items, ok := doc["items"].([]any); ok && strings.HasSuffix(kind, "List") {
		var problems []problem
		for _, item := range items {
			if m, ok := item.(map[string]any); ok {
				problems = append(problems, strategicProblems(m, needsName, targetKind)...)
			}
		}
		return problems
	}
	var problems []problem
	metadata, _ := doc["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	if needsName && (kind == "" || name == "") {
		problems = append(problems, problem{CodeInvalidPatch,
			"without a target, a patch must name what it applies to: apiVersion, kind and metadata.name"})
	}
	if kind == "" {
		kind = targetKind
	}
	for _, key := range slices.Sorted(maps.Keys(doc)) {
		problems = append(problems, fieldProblems(kind, key, doc[key])...)
	}
	return problems
}

// fieldProblems checks a top-level field of an object of the kind.
func fieldProblems(kind, field string, value any) []problem {
	data := field == "data" || field == "stringData" || field == "binaryData"
	if data && (kind == "Secret" || field == "stringData") {
		if values, ok := value.(map[string]any); ok && len(values) == 0 {
			return nil
		}
		return []problem{{CodeSecretValue, "it sets the " + field + " of a Secret"}}
	}
	if values, ok := value.(map[string]any); ok && data {
		return dataProblems(values)
	}
	return valueProblems(field, value)
}

// dataProblems checks the data of a ConfigMap.
func dataProblems(values map[string]any) []problem {
	var problems []problem
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if why := secretIn(key, scalar(values[key])); why != "" {
			problems = append(problems, problem{CodeSecretValue, fmt.Sprintf("data[%s]: %s", key, why)})
		}
	}
	return problems
}

// valueProblems looks at every text below a field. Field names decide nothing here: most that
// say "secret" or "token" in a manifest are references. What a container gets as a variable
// of such a name is another matter.
func valueProblems(path string, value any) []problem {
	var problems []problem
	switch v := value.(type) {
	case map[string]any:
		name, named := v["name"].(string)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			below := path + "." + key
			if text := scalar(v[key]); named && key == "value" && looksSecret(name, text) && shapeOf(text) == "" {
				problems = append(problems, problem{CodeSecretValue,
					fmt.Sprintf("%s: the name %s says that it is a secret", below, name)})
				continue
			}
			problems = append(problems, valueProblems(below, v[key])...)
		}
	case []any:
		for i, item := range v {
			below := fmt.Sprintf("%s[%d]", path, i)
			if i > 0 && optionWithSecret(scalar(v[i-1]), scalar(item)) {
				problems = append(problems, problem{CodeSecretValue,
					fmt.Sprintf("%s: the option %s before it says that it is a secret", below, v[i-1])})
				continue
			}
			problems = append(problems, valueProblems(below, item)...)
		}
	default:
		if why := secretIn("", scalar(v)); why != "" {
			problems = append(problems, problem{CodeSecretValue, path + ": " + why})
		}
	}
	return problems
}

// optionWithSecret recognises an option and its value that are two arguments.
func optionWithSecret(option, value string) bool {
	return strings.HasPrefix(option, "-") && !strings.ContainsAny(option, "= \n") &&
		!strings.HasPrefix(value, "-") && looksSecret(option, value)
}

// scalar gives a value as the text it would become; empty for objects and lists.
func scalar(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return ""
	}
}
