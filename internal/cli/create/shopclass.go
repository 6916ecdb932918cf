package create

import (
	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/output"
)

func newShopClass(program string, streams output.Streams) *cobra.Command {
	var spec v1alpha1.ShopClassSpec
	var weight string
	var spread, prefer []string
	cmd := &cobra.Command{
		Use:   "shopclass NAME --tier TIER",
		Short: "Create a ShopClass",
		Long: `Create shopclass makes a ShopClass: which tier serves its shops, and over how many failure
domains they are spread. What edges do for it is set in its YAML.`,
		Example: `  # Two domains that are in different sites, and on different platforms where there is room
  %[1]s create shopclass premium --tier prod --domains 2 --spread site --prefer platform --priority 10

  # No redundancy
  %[1]s create shopclass small --tier prod`,
	}
	f := cmd.Flags()
	f.StringVar(&spec.Tier, "tier", "", "the Tier whose ShopSets serve these shops")
	f.Int32Var(&spec.Domains, "domains", 1, "how many ShopSets hold each shop")
	f.StringSliceVar(&spread, "spread", nil, "levels of failure domains at which they differ (default: the clusters do)")
	f.StringSliceVar(&prefer, "prefer", nil, "levels at which they differ where there is room")
	f.StringVar(&weight, "weight", "", "load of one shop at its busiest, in requests per second (default: 100m)")
	f.Int32Var(&spec.Priority, "priority", 0, "classes of the smallest lose their redundancy first")
	f.Int32Var(&spec.Buckets, "buckets", 0, "placement groups of the class, a power of two (default: 64)")
	return command(program, streams, cmd, func(name string) (client.Object, []reference, error) {
		if err := required([2]string{"tier", spec.Tier}); err != nil {
			return nil, nil, err
		}
		var err error
		if spec.Weight, err = quantity("weight", weight); err != nil {
			return nil, nil, err
		}
		for _, level := range spread {
			spec.Spread = append(spec.Spread, v1alpha1.Spread{Level: level, Mode: v1alpha1.SpreadRequired})
		}
		for _, level := range prefer {
			spec.Spread = append(spec.Spread, v1alpha1.Spread{Level: level, Mode: v1alpha1.SpreadPreferred})
		}
		return &v1alpha1.ShopClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}, []reference{{spec.Tier, &v1alpha1.Tier{}}}, nil
	})
}
