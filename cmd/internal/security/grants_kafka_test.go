//go:build kafka

package security

import (
	"context"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// acl returns the ACL that gives a principal a right.
func acl(principal string, right topics.Right) *kadm.ACLBuilder {
	b := kadm.NewACLs().Allow(principal).AllowHosts("*").Operations(right.Operation.Kafka())
	b.ResourcePatternType(kadm.ACLPatternLiteral)
	if right.Prefixed {
		b.ResourcePatternType(kadm.ACLPatternPrefixed)
	}
	switch right.Resource {
	case topics.OnGroup:
		return b.Groups(right.Name)
	case topics.OnTransactionalID:
		return b.TransactionalIDs(right.Name)
	}
	return b.Topics(right.Name)
}

// grant gives a principal rights, and waits until the broker knows.
func (c *cluster) grant(principal string, rights []topics.Right) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	request := kmsg.NewPtrCreateACLsRequest()
	for _, right := range rights {
		creation := kmsg.NewCreateACLsRequestCreation()
		creation.ResourceType, creation.ResourceName = right.Resource.Kafka(), right.Name
		creation.ResourcePatternType = kmsg.ACLResourcePatternTypeLiteral
		if right.Prefixed {
			creation.ResourcePatternType = kmsg.ACLResourcePatternTypePrefixed
		}
		creation.Principal, creation.Host = principal, "*"
		creation.Operation, creation.PermissionType = right.Operation.Kafka(), kmsg.ACLPermissionTypeAllow
		request.Creations = append(request.Creations, creation)
	}
	response, err := request.RequestWith(ctx, c.plain)
	must(c.t, err)
	for _, result := range response.Results {
		if result.ErrorCode != 0 {
			c.t.Fatalf("granting to %s: error %d", principal, result.ErrorCode)
		}
	}
	c.await(principal, rights, true)
}

// revoke takes a right away, and waits until the broker knows.
func (c *cluster) revoke(principal string, right topics.Right) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	results, err := c.admin.DeleteACLs(ctx, acl(principal, right))
	must(c.t, err)
	deleted := 0
	for _, result := range results {
		must(c.t, result.Err)
		deleted += len(result.Deleted)
	}
	if deleted != 1 {
		c.t.Fatalf("%d ACLs are %s for %s, want 1", deleted, right, principal)
	}
	c.await(principal, []topics.Right{right}, false)
}

// await waits until the broker has, or has not, the ACLs.
func (c *cluster) await(principal string, rights []topics.Right, there bool) {
	c.t.Helper()
	c.awaiting(c.t, func(ctx context.Context) error {
		for _, right := range rights {
			results, err := c.admin.DescribeACLs(ctx, acl(principal, right))
			if err != nil {
				return err
			}
			found := 0
			for _, result := range results {
				found += len(result.Described)
			}
			if (found > 0) != there {
				return fmt.Errorf("%s: %s is there: %v", principal, right, found > 0)
			}
		}
		return nil
	})
}

// awaiting waits until check is content.
func (c *cluster) awaiting(t *testing.T, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	must(t, proctest.Await(ctx, check))
}
