package gitrepo

import (
	"errors"
	"fmt"
	"strings"
)

func cutBranch(ref string) (string, bool) { return strings.CutPrefix(ref, branchPrefix) }

// errRemoteRace marks a conflict that the server reported, not our own look at
// its refs: a repeated request of a push that succeeded ends like that, too.
var errRemoteRace = errors.New("reported by the server")

// readPorcelain reads what git push --porcelain says of each ref:
// "<flag>\t<from>:<to>\t<summary> (<reason>)". The outcome is known when every
// ref has a line that is certain.
func readPorcelain(out string, updates []RefUpdate) (results []RefResult, known bool) {
	lines := make(map[string][]string)
	for line := range strings.Lines(out) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) != 3 {
			continue
		}
		_, ref, _ := strings.Cut(fields[1], ":")
		lines[ref] = []string{fields[0], fields[2]}
	}
	known = true
	for _, update := range updates {
		result := RefResult{RefUpdate: update}
		if line := lines[update.Ref]; line == nil {
			known = false
		} else if line[0] == "!" {
			class := classifyRef(line[1])
			known = known && class != nil
			result.Err = fmt.Errorf("%w: %s", orUnknown(class), line[1])
		}
		results = append(results, result)
	}
	return blameOthers(results), known
}

func orUnknown(class error) error {
	if class == nil {
		return ErrAmbiguous
	}
	return class
}

// errAborted is a ref that did not move because another of an atomic push did not.
var errAborted = errors.New("given up because of another ref")

// classifyRef reads a ref's summary, such as "[rejected] (stale info)". No class
// means that the server said nothing certain.
func classifyRef(summary string) error {
	text := strings.ToLower(summary)
	contains := func(texts ...string) bool {
		for _, known := range texts {
			if strings.Contains(text, known) {
				return true
			}
		}
		return false
	}
	switch {
	case contains("atomic push fail", "atomic transaction failed", "transaction aborted"):
		return errAborted
	case contains("[remote failure]", "failed to report status", "unpacker error", "unpack failed"):
		return nil
	case contains("missing necessary objects", "bad pack"):
		return ErrMissingObject
	case contains("[remote rejected]") && contains("failed to update ref", "failed to lock", "cannot lock ref",
		"incorrect old value", "reference already exists", "unable to resolve reference", "is at ", "fetch first"):
		return fmt.Errorf("%w (%w)", ErrConflict, errRemoteRace)
	case contains("non-fast-forward", "fetch first", "stale info", "needs force", "remote ref updated", "already exists"):
		return ErrConflict
	}
	return ErrRejected
}

// blameOthers gives the refs of an atomic push that were merely given up no
// class of their own. When nobody else is to blame, the server lost a race for
// one of them and does not say for which.
func blameOthers(results []RefResult) []RefResult {
	blamed := false
	for _, result := range results {
		blamed = blamed || result.Err != nil && !errors.Is(result.Err, errAborted)
	}
	for i, result := range results {
		if !blamed && errors.Is(result.Err, errAborted) {
			results[i].Err = fmt.Errorf("%w (%w): %w", ErrConflict, errRemoteRace, result.Err)
		}
	}
	return results
}

// lostRace tells whether the server reported a conflict.
func lostRace(results []RefResult) bool {
	for _, result := range results {
		if errors.Is(result.Err, errRemoteRace) {
			return true
		}
	}
	return false
}

// serverWords are what the server printed, such as a hook's reason.
func serverWords(stderr string) string {
	var words []string
	for line := range strings.Lines(stderr) {
		if text, ok := strings.CutPrefix(line, "remote:"); ok && strings.TrimSpace(text) != "" {
			words = append(words, strings.TrimSpace(text))
		}
	}
	return summary(strings.Join(words, "\n"))
}
