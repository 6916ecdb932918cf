package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shopset.dev/shopset/internal/plan/placement"
)

func (a API) answers(now time.Time) bool { return lives(a.At, now) && a.Reachable && a.Local == "" }

func (a API) misses(now time.Time) bool { return lives(a.At, now) && !a.Reachable && a.Local == "" }

// blind says why the control plane can say nothing about the cluster; empty if it can.
func (a API) blind(now time.Time) string {
	switch {
	case a.Local != "":
		return "the control plane cannot ask its API server, for a reason of its own: " + a.Local
	case a.At.IsZero():
		return "the control plane has not asked its API server yet"
	case !lives(a.At, now):
		return "the control plane has not asked its API server lately"
	default:
		return ""
	}
}

func (a API) words() string {
	words := "the control plane cannot reach its API server"
	if a.Problem != "" {
		words += " (" + a.Problem + ")"
	}
	if a.ArgoCD != "" {
		words += "; Argo CD says: " + a.ArgoCD
	}
	return words
}

// deaf says why the edges can say nothing; empty if they can.
func (w *weighing) deaf() string {
	switch {
	case len(w.fresh) > 0 || len(w.in.Edges) == 0:
		return ""
	case len(w.mad) > 0:
		return fmt.Sprintf("edge %s sees no ShopSet of any cluster, and so is to be doubted itself; no other edge has told anything lately",
			strings.Join(w.mad, ", "))
	default:
		return fmt.Sprintf("no edge has told anything for %s", FreshFor)
	}
}

// cluster weighs what is known of a cluster.
func (w *weighing) cluster(name string) (finding, string) {
	api := w.apis[name]
	if blind := api.blind(w.in.Now); blind != "" {
		return partial, blind
	}
	if deaf := w.deaf(); deaf != "" {
		if api.misses(w.in.Now) {
			deaf = api.words() + ", and " + deaf
		}
		return partial, deaf
	}
	seeing, missing := w.edgesOn(name)
	switch {
	case api.misses(w.in.Now) && len(seeing) == 0 && len(missing) > 0:
		return missed, api.words() + ", and " + edges(missing) + " all of its ShopSets"
	case api.misses(w.in.Now) && len(seeing) > 0:
		return partial, api.words() + ", but edge " + strings.Join(seeing, ", ") + " serves from it"
	case api.misses(w.in.Now):
		return partial, api.words() + ", and no edge can tell more"
	case len(seeing) == 0 && len(missing) > 0:
		return partial, "its API server answers, but " + edges(missing) + " all of its ShopSets"
	default:
		return seen, "its API server answers"
	}
}

// edgesOn gives the edges that see any ShopSet of a cluster, and those that miss all they know of.
func (w *weighing) edgesOn(cluster string) (seeing, missing []string) {
	for _, s := range w.shopSets {
		if s.Cluster == cluster {
			seeing = append(seeing, w.views[s.Name].see...)
			missing = append(missing, w.views[s.Name].miss...)
		}
	}
	slices.Sort(seeing)
	slices.Sort(missing)
	seeing, missing = slices.Compact(seeing), slices.Compact(missing)
	return seeing, slices.DeleteFunc(missing, func(e string) bool { return slices.Contains(seeing, e) })
}

func edges(names []string) string {
	if len(names) == 1 {
		return "edge " + names[0] + " misses"
	}
	return "edges " + strings.Join(names, ", ") + " miss"
}

// shopSet weighs what is known of a ShopSet.
func (w *weighing) shopSet(s placement.ShopSet) (finding, string) {
	api, view := w.apis[s.Cluster], w.views[s.Name]
	if blind := api.blind(w.in.Now); blind != "" {
		return partial, fmt.Sprintf("cluster %s: %s", s.Cluster, blind)
	}
	if deaf := w.deaf(); deaf != "" {
		return partial, deaf
	}
	switch {
	case view.missedByAll() && w.doubted[s.Tier] != "" && api.answers(w.in.Now):
		return partial, w.doubted[s.Tier]
	case view.missedByAll():
		return missed, edges(view.miss) + " it" + bracketed(view.reason)
	case len(view.miss) > 0:
		return partial, edges(view.miss) + " it" + bracketed(view.reason) + ", and edge " + strings.Join(view.see, ", ") + " does not"
	case api.misses(w.in.Now) && len(view.see) > 0:
		return partial, fmt.Sprintf("cluster %s: %s, but edge %s sees it", s.Cluster, api.words(), strings.Join(view.see, ", "))
	case api.misses(w.in.Now):
		return partial, fmt.Sprintf("cluster %s: %s, and no edge can tell more", s.Cluster, api.words())
	case len(view.see) == 0 && len(w.in.Edges) > 0:
		return partial, "no edge has told of it yet"
	default:
		return seen, "it answers"
	}
}

func bracketed(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}
