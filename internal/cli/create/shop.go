package create

import (
	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/plan/routes"
)

func newShop(program string, streams output.Streams) *cobra.Command {
	var class, weight string
	var hosts, pin, avoid []string
	cmd := &cobra.Command{
		Use:   "shop NAME --host HOST[,HOST] --class CLASS",
		Short: "Create a Shop",
		Long:  `Create shop makes a Shop. It never names where it is served: its class decides.`,
		Example: `  # A shop under two hosts
  %[1]s create shop hoge --host hoge.shop.example,www.hoge.example --class standard

  # One with ten times the usual load, which must not be on cluster b
  %[1]s create shop hot --host hot.shop.example --class standard --weight 50 --avoid b

  # YAML for a folder of objects
  %[1]s create shop hoge --host hoge.shop.example --class standard -n shop --dry-run=client > hoge.yaml`,
	}
	f := cmd.Flags()
	f.StringSliceVar(&hosts, "host", nil, "hosts under which shoppers come")
	f.StringVar(&class, "class", "", "the ShopClass")
	f.StringVar(&weight, "weight", "", "load in requests per second, where it differs from the class's")
	f.StringSliceVar(&pin, "pin", nil, "the only ShopSets that may serve it")
	f.StringSliceVar(&avoid, "avoid", nil, "ShopSets, clusters and failure domains that must not serve it")
	return command(program, streams, cmd, func(name string) (client.Object, []reference, error) {
		if len(hosts) == 0 {
			return nil, nil, exit.Usagef("--host is missing")
		}
		if err := required([2]string{"class", class}); err != nil {
			return nil, nil, err
		}
		for _, host := range hosts {
			if _, err := routes.NormalizeHost(host); err != nil {
				return nil, nil, exit.Usagef("--host: %w", err)
			}
		}
		w, err := quantity("weight", weight)
		if err != nil {
			return nil, nil, err
		}
		references := []reference{{class, &v1alpha1.ShopClass{}}}
		for _, s := range pin {
			references = append(references, reference{s, &v1alpha1.ShopSet{}})
		}
		return &v1alpha1.Shop{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       v1alpha1.ShopSpec{Hosts: hosts, Class: class, Weight: w, Pin: pin, Avoid: avoid},
		}, references, nil
	})
}
