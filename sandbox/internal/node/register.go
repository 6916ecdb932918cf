package node

import (
	"maps"
	"runtime"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/sandbox/internal/node/address"
)

// capacity is what the node offers. Nothing enforces requests here, and simulated
// pods cost nothing; so it is generous, and only the count of pods is real.
func capacity() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("256"),
		corev1.ResourceMemory:           resource.MustParse("1Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
		corev1.ResourcePods:             resource.MustParse("500"),
	}
}

// object is the node as it registers.
func (l settings) object() *corev1.Node {
	labels := map[string]string{
		corev1.LabelHostname:   l.nodeName,
		corev1.LabelOSStable:   "linux", // what workloads select; the machine may run another
		corev1.LabelArchStable: runtime.GOARCH,
	}
	if l.Platform != "" {
		labels["sandbox.shopset.dev/platform"] = l.Platform
	}
	maps.Copy(labels, l.Labels)
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: l.nodeName, Labels: labels},
		Spec:       corev1.NodeSpec{ProviderID: "sandbox://" + l.Cluster + "/" + l.nodeName},
		Status: corev1.NodeStatus{
			Capacity: capacity(), Allocatable: capacity(),
			Conditions: nodeConditions(),
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: l.plan.Node().String()},
				{Type: corev1.NodeHostName, Address: l.nodeName},
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{
				KubeletEndpoint: corev1.DaemonEndpoint{Port: address.KubeletPort},
			},
			NodeInfo: corev1.NodeSystemInfo{
				OperatingSystem: "linux", Architecture: runtime.GOARCH, OSImage: "ShopSet sandbox",
				ContainerRuntimeVersion: "process://sandbox", KubeletVersion: "v1.36.3-sandbox",
			},
		},
	}
	return node
}

func nodeConditions() []corev1.NodeCondition {
	now := metav1.Now()
	of := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{
			Type: kind, Status: status, Reason: reason, Message: message,
			LastHeartbeatTime: now, LastTransitionTime: now,
		}
	}
	return []corev1.NodeCondition{
		of(corev1.NodeReady, corev1.ConditionTrue, "AgentReady", "the node agent is running"),
		of(corev1.NodeMemoryPressure, corev1.ConditionFalse, "NotMeasured", "the sandbox does not measure memory"),
		of(corev1.NodeDiskPressure, corev1.ConditionFalse, "NotMeasured", "the sandbox does not measure disks"),
		of(corev1.NodePIDPressure, corev1.ConditionFalse, "NotMeasured", "the sandbox does not measure processes"),
	}
}
