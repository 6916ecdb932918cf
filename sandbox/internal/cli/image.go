package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/sandbox/internal/image"
)

func newImage(o *options) *cobra.Command {
	images := &cobra.Command{
		Use:   "image",
		Short: "Images that run as processes of this machine",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	images.AddCommand(newImageLoad(o))
	return images
}

func newImageLoad(o *options) *cobra.Command {
	var binary string
	var entrypoint, env []string
	cmd := &cobra.Command{
		Use:   "load REF",
		Short: "Let Pods with this image run a program of this machine",
		Example: `  shopset-sandbox image load registry.example/cart:v1 --binary bin/cart
  shopset-sandbox image load registry.example/cart:v2 --binary bin/cart --entrypoint=--currency,EUR`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := o.sandbox()
			if err != nil {
				return err
			}
			if binary == "" {
				return codedError{exitUsage, errors.New("--binary names the program, and is missing")}
			}
			variables := map[string]string{}
			for _, entry := range env {
				name, value, ok := strings.Cut(entry, "=")
				if !ok || name == "" {
					return codedError{exitUsage, fmt.Errorf("--env %q is not NAME=VALUE", entry)}
				}
				variables[name] = value
			}
			if err := image.Store(dir.Images()).Load(args[0], binary, entrypoint, variables); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Pods with image %s run %s\n", args[0], binary)
			return nil
		},
	}
	cmd.Flags().StringVar(&binary, "binary", "", "the program, statically linked")
	cmd.Flags().StringSliceVar(&entrypoint, "entrypoint", nil, "arguments that come before a container's own")
	cmd.Flags().StringArrayVar(&env, "env", nil, "NAME=VALUE that the image adds to the environment; may be repeated")
	return cmd
}
