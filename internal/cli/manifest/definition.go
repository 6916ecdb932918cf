package manifest

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/api/v1alpha1"
)

// definition does for one kind what an API server does when an object is created.
type definition struct {
	kind   string
	schema *structuralschema.Structural
	fields validation.SchemaValidator
	rules  *cel.Validator
}

// definitions reads CustomResourceDefinitions, by kind.
func definitions(files fs.FS) (map[string]*definition, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the definitions: %w", err)
	}
	out := map[string]*definition{}
	for _, name := range names {
		d, err := readDefinition(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading the definition in %s: %w", name, err)
		}
		out[d.kind] = d
	}
	return out, nil
}

func readDefinition(files fs.FS, name string) (*definition, error) {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	var v1 apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(raw, &v1); err != nil {
		return nil, err
	}
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&v1.Spec)
	var internal apiextensions.CustomResourceDefinition
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&v1, &internal, nil); err != nil {
		return nil, err
	}
	version, err := apiextensions.GetSchemaForVersion(&internal, v1alpha1.GroupVersion.Version)
	if err != nil {
		return nil, err
	}
	if version == nil || version.OpenAPIV3Schema == nil {
		return nil, fmt.Errorf("no schema for version %s", v1alpha1.GroupVersion.Version)
	}
	d := &definition{kind: v1.Spec.Names.Kind}
	if d.schema, err = structuralschema.NewStructural(version.OpenAPIV3Schema); err != nil {
		return nil, err
	}
	if d.fields, _, err = validation.NewSchemaValidator(version.OpenAPIV3Schema); err != nil {
		return nil, err
	}
	d.rules = cel.NewValidator(d.schema, true, celconfig.PerCallLimit)
	return d, nil
}

// unknown takes the fields that the kind does not have out of an object, and names them.
func (d *definition) unknown(o *unstructured.Unstructured) []string {
	return pruning.PruneWithOptions(o.Object, d.schema, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
}

// fill gives an object the defaults of its kind.
func (d *definition) fill(o *unstructured.Unstructured) {
	defaulting.PruneNonNullableNullsWithoutDefaults(o.Object, d.schema)
	defaulting.Default(o.Object, d.schema)
}

// check applies schema and rules, as an API server does at creation.
func (d *definition) check(ctx context.Context, o *unstructured.Unstructured) field.ErrorList {
	errs := metavalidation.ValidateObjectMetaAccessor(o, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, o.Object, d.fields)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, d.schema, o.Object)...)
	switch {
	case slices.ContainsFunc(errs, misshapen):
		errs = append(errs, field.Invalid(nil, nil,
			"some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"))
	case d.rules != nil:
		broken, _ := d.rules.Validate(ctx, nil, d.schema, o.Object, nil, celconfig.RuntimeCELCostBudget)
		errs = append(errs, broken...)
	}
	slices.SortFunc(errs, func(a, b *field.Error) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Detail, b.Detail))
	})
	return discreet(errs)
}

// misshapen tells of an error after which rules may not be asked: they rely on the shape.
func misshapen(e *field.Error) bool {
	switch e.Type {
	case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
		return true
	default:
		return false
	}
}

// discreet leaves out the values of fields in which people have put secrets.
func discreet(errs field.ErrorList) field.ErrorList {
	for _, e := range errs {
		if strings.HasSuffix(e.Field, ".url") || strings.HasSuffix(e.Field, ".patch") {
			e.BadValue = field.OmitValueType{}
		}
	}
	return errs
}
