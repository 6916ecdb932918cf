package routes

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeOverrides(t *testing.T) {
	const text = `
# B is on fire
Hoge.Example:80  a-2       2026-01-02T15:04:05Z taro B is on fire
standard/0a      a-2,b-1   2026-01-02T15:04:05+09:00 taro the same

shopset:b-1 a-2 2026-01-02T15:04:05Z hanako everything of B`
	want := []Override{
		{Match: "hoge.example", ShopSets: []string{"a-2"}, Until: "2026-01-02T15:04:05Z", Owner: "taro", Reason: "B is on fire"},
		{Match: "standard/0a", ShopSets: []string{"a-2", "b-1"}, Until: "2026-01-02T15:04:05+09:00", Owner: "taro", Reason: "the same"},
		{Match: "shopset:b-1", ShopSets: []string{"a-2"}, Until: "2026-01-02T15:04:05Z", Owner: "hanako", Reason: "everything of B"},
	}
	got, err := DecodeOverrides(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	written, err := EncodeOverrides(got)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := DecodeOverrides(written); err != nil || cmp.Diff(want, again) != "" {
		t.Errorf("%v\n%s", err, written)
	}
}

func TestDecodeOverridesNamesWhatIsWrong(t *testing.T) {
	const rest = " a-2 2026-01-02T15:04:05Z taro why"
	tests := map[string]struct{ text, want string }{
		"no reason":          {"a.example a-2 2026-01-02T15:04:05Z taro", "line 1: row"},
		"no time":            {"a.example a-2 soon taro why", "until \"soon\" is no time such as"},
		"a match twice":      {"a.example" + rest + "\nA.example" + rest, "line 2: \"a.example\" is there twice"},
		"no host":            {"*.example" + rest, "wildcards are not allowed"},
		"no group":           {"standard/" + rest, "is not <class>/<bucket>"},
		"no ShopSet":         {"shopset:" + rest, "ShopSet \"\" is empty"},
		"a ShopSet twice":    {"a.example a-2,a-2 2026-01-02T15:04:05Z taro why", "is named twice"},
		"a row for too many": {strings.Repeat("x", MaxFile+1), "more than 204800"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeOverrides(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := EncodeOverrides([]Override{{Match: "a.example", ShopSets: []string{"a"}, Until: "2026-01-02T15:04:05Z", Owner: "taro", Reason: "why\nshopset:a b"}}); err == nil {
		t.Error("a reason with a line break became a row")
	}
}

func FuzzDecodeOverrides(f *testing.F) {
	f.Add("a.example a-2 2026-01-02T15:04:05Z taro why\n")
	f.Add("shopset:b a-2,c 2026-01-02T15:04:05Z taro why\n# x\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := DecodeOverrides(text)
		if err != nil {
			return
		}
		written, err := EncodeOverrides(list)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := DecodeOverrides(written); err != nil || cmp.Diff(list, again) != "" {
			t.Fatalf("%q became %q, %v", text, written, err)
		}
	})
}
