package instance_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopset.dev/shopset/internal/cli/instance"
	"shopset.dev/shopset/internal/plan/placement"
)

// read reads texts as CSV or JSON, whichever they are.
func read(texts ...string) (placement.Input, error) {
	var r instance.Reader
	for i, text := range texts {
		name := fmt.Sprintf("file-%d", i+1)
		take := r.CSV
		if instance.IsJSON([]byte(text)) {
			take = r.JSON
		}
		if err := take(name, []byte(text)); err != nil {
			return placement.Input{}, err
		}
	}
	return r.Input()
}

func file(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// small is what both files in testdata say.
var small = placement.Input{
	Domains: []placement.Domain{
		{Name: "on-prem", Level: "platform"}, {Name: "site-1", Parent: "on-prem", Level: "site"}, {Name: "a", Parent: "site-1", Level: "cluster"},
		{Name: "cloud", Level: "platform"}, {Name: "eks", Parent: "cloud", Level: "site"}, {Name: "b", Parent: "eks", Level: "cluster"},
	},
	Clusters: []placement.Cluster{{Name: "a", Domain: "a", Capacity: 800_000}, {Name: "b", Domain: "b"}},
	ShopSets: []placement.ShopSet{
		{Name: "a-1", Tier: "prod", Cluster: "a", Capacity: 500_000, State: placement.Active},
		{Name: "a-2", Tier: "prod", Cluster: "a", Capacity: 500_000, State: placement.Draining},
		{Name: "b-1", Tier: "prod", Cluster: "b", Capacity: 1_000_000, State: placement.Active},
	},
	Classes: []placement.Class{
		{Name: "standard", Tier: "prod", Copies: 2, Priority: 10, Spread: []placement.Spread{{Level: "cluster", Required: true}, {Level: "platform"}, {Level: "site"}}},
		{Name: "small", Tier: "prod", Copies: 1},
	},
	Groups: []placement.Group{
		{Name: "standard/0", Class: "standard", Weight: 12_500, Shops: 16, Current: []string{"a-1", "b-1"}},
		{Name: "standard/1", Class: "standard", Weight: 500, Shops: 1, Current: []string{"b-1", "gone"}, Home: []string{"a-1", "b-1"}},
		{Name: "standard/@hot", Class: "standard", Weight: 50_000, Shops: 1, Pin: []string{"a-1", "b-1"}, Avoid: []string{"cloud/eks"}},
		{Name: "small/0", Class: "small", Weight: 1, Shops: 1},
	},
}

func TestBothFormsSayTheSame(t *testing.T) {
	for _, name := range []string{"testdata/small.csv", "testdata/small.json"} {
		got, err := read(file(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(small, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTablesMayBeInSeveralFiles(t *testing.T) {
	var files []string
	for _, table := range strings.Split(file(t, "testdata/small.csv"), "\n\n") {
		files = append(files, "\xef\xbb\xbf"+strings.ReplaceAll(table, "\n", "\r\n"))
	}
	got, err := read(files...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(small, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

const (
	shopSet = "shopset,tier,capacity,domain,cluster,state,dedicated\na-1,prod,500,p/s/a\n"
	class   = "class,tier,copies,spread,prefer,priority\nc,prod\n"
)

func TestProblemsNamePlaceFieldAndNextStep(t *testing.T) {
	tests := map[string]struct {
		text string
		want string // the whole error
	}{
		"no head": {"a-1,prod\n", `file-1, line 1: "a-1" is no head of a table: begin with a line such as group,class,weight`},
		"a column that is not there": {"group,class,wieght\n",
			`file-1, line 1: there is no column "wieght" in the table of a group: the others are class, weight, shops, current, home, pin, avoid`},
		"a column twice":     {"group,class,weight,class\n", `file-1, line 1: column "class" is there twice`},
		"a column too few":   {"group,class\n", `file-1, line 1: the table of a group needs the column weight`},
		"a cell too many":    {"cluster,capacity\na,1,2\n", `file-1, line 2: 3 cells, and the head of the table has 2`},
		"a quote too few":    {"cluster,capacity\n\"a,1\n", `reading file-1: parse error on line 2, column 6: extraneous or missing " in quoted-field`},
		"neither yes nor no": {shopSet + "a-2,prod,1,p/s/a,,,maybe\n", `file-1, line 3: dedicated: "maybe": want true, false or nothing`},
		"a name twice":       {shopSet + "a-1,prod,1,p/s/a\n", `file-1, line 3: name: "a-1" is already in file-1, line 2`},
		"no name":            {shopSet + ",prod,1,p/s/a\n", `file-1, line 3: name: is missing`},
		"an odd name":        {shopSet + "a 2,prod,1,p/s/a\n", `file-1, line 3: name: "a 2" has characters besides letters, digits and - . _ / @`},
		"no domain":          {shopSet + "a-2,prod,1,\n", `file-1, line 3: domain: is missing: write the path of failure domains, such as on-prem/site-1/a`},
		"a domain too deep":  {shopSet + "a-2,prod,1,p/s/a/r\n", `file-1, line 3: domain: "p/s/a/r" has 4 parts, and there are 3 levels (platform, site, cluster): name more levels`},
		"a domain in two places": {shopSet + "a-2,prod,1,q/s/b\n",
			`file-1, line 3: domain: "s" is a site in "p" elsewhere, and here a site in "q": domains need names of their own`},
		"a domain inside of itself": {"shopset,tier,capacity,domain\nx,prod,1,p/p\n",
			`file-1, line 2: domain: "p" is a platform in "" elsewhere, and here a site in "p": domains need names of their own`},
		"a cluster in two domains": {shopSet + "a-2,prod,1,p/s/b,a\n", `file-1, line 3: domain: cluster a is in a, says another row`},
		"no such state":            {shopSet + "a-2,prod,1,p/s/a,,Up\n", `file-1, line 3: state: "Up": want Active, Cordoned, Draining or Down`},
		"a negative capacity": {shopSet + "a-2,prod,-1,p/s/a\n",
			`file-1, line 3: capacity: "-1" is no amount: want requests per second, such as 12, 12.5, 12500m, 1.5k or 2M`},
		"too much": {shopSet + "a-2,prod,9999999999999999999999,p/s/a\n",
			`file-1, line 3: capacity: "9999999999999999999999" is more than 1000000000 requests per second: want requests per second, such as 12, 12.5, 12500m, 1.5k or 2M`},
		"a cluster without ShopSet":  {"cluster,capacity\nz,1\n", `file-1, line 2: name: no ShopSet is on cluster "z"`},
		"too many copies":            {class + "d,prod,6\n", `file-1, line 3: copies: "6" is no number from 1 to 5`},
		"no such level":              {class + "d,prod,2,rack\n", `file-1, line 3: spread: there is no level "rack": there are platform, site, cluster`},
		"a level required and liked": {class + "d,prod,2,site,site\n", `file-1, line 3: prefer: "site" is already in spread`},
		"no such class":              {"group,class,weight\ng,c,1\n", `file-1, line 2: class: there is no class "c"`},
		"no weight":                  {class + "group,class,weight\ng,c,0\n", `file-1, line 4: weight: must be above 0`},
		"a ShopSet twice":            {class + "group,class,weight,current\ng,c,1,a-1 a-1\n", `file-1, line 4: current: "a-1" is there twice`},
		"JSON of the wrong type": {"{\"groups\": [\n {\"name\": 7}]}",
			"reading file-1, line 2, column 11: json: cannot unmarshal number into Go struct field groupRow.groups.name of type string"},
		"broken JSON":      {"{\"groups\": [\n {]}", "reading file-1, line 2, column 3: invalid character ']' looking for beginning of object key string"},
		"an unknown field": {`{"groups": [{"name": "g", "wieght": 1}]}`, "reading file-1: unknown field \"groups[0].wieght\"; the fields are in `shopctl place --help`"},
		"a field twice":    {`{"groups": [], "groups": []}`, "reading file-1: duplicate field \"groups\"; the fields are in `shopctl place --help`"},
		"an object as weight": {`{"classes": [{"name": "c", "tier": "t"}], "groups": [{"name": "g", "class": "c", "weight": {"a": 1}}]}`,
			`file-1, groups[0]: weight: "{\"a\": 1}" is no amount: want requests per second, such as 12, 12.5, 12500m, 1.5k or 2M`},
		"a level twice": {`{"levels": ["site", "site"]}`, `levels: level: "site" is there twice`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := read(tc.text)
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(tc.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	_, err := read(class + "group,class,weight\n" + strings.Repeat("g,c,0\n", 30))
	if err == nil || !strings.HasSuffix(err.Error(), "… and 39 more problems") {
		t.Errorf("got %v", err)
	}
}

func TestForms(t *testing.T) {
	tests := map[string]struct {
		text      string
		csv, json bool
	}{
		"a table":             {text: "# big\n\nshopset,tier\n", csv: true},
		"YAML":                {text: "apiVersion: v1\nkind: Shop\n"},
		"the compact form":    {text: ` {"levels": []}`, json: true},
		"an object":           {text: `{"apiVersion": "shopset.dev/v1alpha1"}`},
		"nothing":             {text: ""},
		"a list":              {text: "[]"},
		"YAML like a table":   {text: "shopset: a,b\n"},
		"a start of the file": {text: `{"groups": [{"na`, json: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if csv, json := instance.IsCSV([]byte(tc.text)), instance.IsJSON([]byte(tc.text)); csv != tc.csv || json != tc.json {
				t.Errorf("CSV %t, JSON %t", csv, json)
			}
		})
	}
}
