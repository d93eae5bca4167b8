import {
  baseType,
  type CompositeType,
  federationMetadata,
  isCompositeType,
  type NamedType,
  SelectionSet,
} from '@apollo/federation-internals';

/**
 * Corrects how the planner decides that it needs no fetch of its own for what a field requires, since the subgraph before has it already:
 * it takes fields for that too which the subgraph declares as `@external`, and cannot resolve. Changes the planner of this thread.
 */
export function refuseExternalFields(): void {
  SelectionSet.prototype.canRebaseOn = function (type: CompositeType) {
    return canRebaseOn.call(this, type) && !selectsExternalField(this, type);
  };
}

const { canRebaseOn } = SelectionSet.prototype;

/** Whether a selection has a field that the subgraph of `type` doesn't resolve, at any depth. */
function selectsExternalField(set: SelectionSet, type: CompositeType): boolean {
  const metadata = federationMetadata(type.schema());
  return set.selections().some((selection) => {
    let below: NamedType | undefined;
    if (selection.kind === 'FieldSelection') {
      const field = 'field' in type ? type.field(selection.element.name) : undefined;
      if (!field?.type) return false;
      if (metadata?.isFieldExternal(field)) return true;
      below = baseType(field.type);
    } else {
      const { typeCondition } = selection.element;
      below = typeCondition ? type.schema().type(typeCondition.name) : type;
    }
    return (
      selection.selectionSet !== undefined &&
      below !== undefined &&
      isCompositeType(below) &&
      selectsExternalField(selection.selectionSet, below)
    );
  });
}
