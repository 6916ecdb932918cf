package v1alpha1

// ObjectID is a full Git object id (SHA-1, 40 lower-case hexadecimal digits).
//
// +kubebuilder:validation:Pattern=`^[0-9a-f]{40}$`
type ObjectID string

// Short gives the first eight digits, enough to recognise a release by eye.
func (o ObjectID) Short() string {
	if len(o) <= 8 {
		return string(o)
	}
	return string(o[:8])
}

// Release is what a Tier runs, by reference: three Git object ids that anybody
// can read with `git ls-tree <branch> base configurations platform`.
type Release struct {
	// apps is the commit of the apps repository (the gitlink `base`).
	Apps ObjectID `json:"apps"`
	// configurations is the tree of `configurations/`.
	Configurations ObjectID `json:"configurations"`
	// platform is the tree of `platform/`, which ShopSet itself adds to every ShopSet.
	Platform ObjectID `json:"platform"`
}

// LocalReference names an object of the same namespace.
type LocalReference struct {
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}
