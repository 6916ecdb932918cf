package manifest

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/system"
	"shopset.dev/shopset/internal/platformdir"
)

// FleetSource is where the objects of a fleet are, and what else its rendering depends on.
type FleetSource struct {
	Source
	// AppsURL, if set, takes the place of the Fleet's spec.apps.url.
	AppsURL string
	// PlatformDir as the controller's flag.
	PlatformDir string
}

// AddFlags gives a verb the flags that fill the source.
func (s *FleetSource) AddFlags(f *pflag.FlagSet) {
	f.StringArrayVarP(&s.Paths, "filename", "f", nil, "file or folder with objects, or - for standard input; may be repeated")
	f.StringVarP(&s.Namespace, "namespace", "n", "", "namespace of objects that name none (default: the one that the others name)")
	f.StringVar(&s.AppsURL, "apps-url", "", "URL of the apps repository in place of the Fleet's")
	f.StringVar(&s.PlatformDir, "platform-dir", "", "folder with further resources, as given to the controller")
}

// Input reads the objects and makes the planner's input of them, with nothing in it about Git or
// the clusters.
func (s FleetSource) Input(ctx context.Context) (system.Input, error) {
	objects, err := Read(ctx, s.Source)
	if err != nil {
		return system.Input{}, err
	}
	fleet, ok := convention.EffectiveFleet(objects.Fleets)
	switch {
	case !ok:
		return system.Input{}, exit.Usagef("there is no Fleet among the objects: add the file that holds it with another -f")
	case len(objects.Tiers) == 0:
		return system.Input{}, exit.Usagef("there is no Tier among the objects: add the file that holds them with another -f")
	}
	if s.AppsURL != "" {
		fleet.Spec.Apps.URL = s.AppsURL
	}
	in := system.Input{Fleet: &fleet, Objects: objects}
	if in.SubmoduleURL, err = gitrepo.SubmoduleURL(fleet.Spec.System.URL, fleet.Spec.Apps.URL); err != nil {
		return system.Input{}, fmt.Errorf("placing the submodule of Fleet %s: %w", fleet.Name, err)
	}
	if in.Additions, err = platformdir.Read(s.PlatformDir); err != nil {
		return system.Input{}, err
	}
	return in, nil
}
