package create

import (
	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
)

func newShopSet(program string, streams output.Streams) *cobra.Command {
	var spec v1alpha1.ShopSetSpec
	var capacity int32
	cmd := &cobra.Command{
		Use:   "shopset NAME --tier TIER --configuration CONFIGURATION --cluster CLUSTER",
		Short: "Create a ShopSet",
		Long: `Create shopset makes a ShopSet. It runs what its tier runs, and takes shops as soon as it is
live, if it is not dedicated.`,
		Example: `  # One more ShopSet for the shops of tier prod
  %[1]s create shopset a-7 --tier prod --configuration production --cluster a --capacity 500

  # An isolated environment that takes only shops that name it
  %[1]s create shopset hot-1 --tier prod --configuration production --cluster a --dedicated`,
	}
	f := cmd.Flags()
	f.StringVar(&spec.Tier, "tier", "", "the Tier")
	f.StringVar(&spec.Configuration, "configuration", "", "the Configuration")
	f.StringVar(&spec.Cluster, "cluster", "", "the WorkloadCluster")
	f.Int32Var(&capacity, "capacity", 0, "load that it can take, in requests per second (default: 1000)")
	f.BoolVar(&spec.Dedicated, "dedicated", false, "take only shops that name it")
	return command(program, streams, cmd, func(name string) (client.Object, []reference, error) {
		if err := required([2]string{"tier", spec.Tier}, [2]string{"configuration", spec.Configuration}, [2]string{"cluster", spec.Cluster}); err != nil {
			return nil, nil, err
		}
		if cmd.Flags().Changed("capacity") {
			if capacity <= 0 {
				return nil, nil, exit.Usagef("--capacity %d: want requests per second, more than none", capacity)
			}
			spec.Capacity = &capacity
		}
		return &v1alpha1.ShopSet{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}, []reference{
			{spec.Tier, &v1alpha1.Tier{}}, {spec.Configuration, &v1alpha1.Configuration{}}, {spec.Cluster, &v1alpha1.WorkloadCluster{}},
		}, nil
	})
}
