-- A parent may arrive under another id than its source gives it: the organizations that name it are found and follow.
CREATE INDEX organization_by_parent ON organization (parent_organization_id) WHERE parent_organization_id IS NOT NULL;
