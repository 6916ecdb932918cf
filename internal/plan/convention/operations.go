package convention

import (
	"fmt"
	"slices"
	"strings"
)

// operationProblems checks a JSON 6902 patch.
func operationProblems(operations []any, needsTarget bool, targetKind string) []problem {
	var problems []problem
	if needsTarget {
		problems = append(problems, problem{CodeInvalidPatch, "a list of operations (JSON 6902) needs a target"})
	}
	for i, item := range operations {
		operation, ok := item.(map[string]any)
		if !ok {
			problems = append(problems, problem{CodeInvalidPatch, fmt.Sprintf("operation %d is not an object", i)})
			continue
		}
		op, _ := operation["op"].(string)
		path, hasPath := operation["path"].(string)
		if !slices.Contains([]string{"add", "remove", "replace", "move", "copy", "test"}, op) ||
			!hasPath || path != "" && !strings.HasPrefix(path, "/") {
			problems = append(problems, problem{CodeInvalidPatch, fmt.Sprintf(
				"operation %d needs op (add, remove, replace, move, copy or test) and a path that begins with /", i)})
			continue
		}
		if value, has := operation["value"]; has {
			problems = append(problems, operationValueProblems(targetKind, path, value)...)
		}
	}
	return problems
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

func operationValueProblems(kind, path string, value any) []problem {
	steps := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range steps {
		steps[i] = unescape.Replace(steps[i])
	}
	if whole, ok := value.(map[string]any); ok && path == "" {
		return strategicProblems(whole, false, kind)
	}
	switch {
	case len(steps) == 1:
		return fieldProblems(kind, steps[0], value)
	case len(steps) == 2 && strings.HasSuffix(strings.ToLower(steps[0]), "data") && steps[0] != "metadata":
		return fieldProblems(kind, steps[0], map[string]any{steps[1]: value})
	default:
		return valueProblems(path, value)
	}
}
