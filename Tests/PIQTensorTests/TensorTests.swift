import PIQTensor
import Testing

struct TensorTests {
  @Test func copiesDoNotShareWrites() {
    let a = Tensor(shape: [2, 2], [1, 2, 3, 4])
    var b = a
    b[flat: 0] = 9
    #expect(a.elements == [1, 2, 3, 4])
    #expect(b.elements == [9, 2, 3, 4])
  }

  @Test func transposingTwiceGivesTheTensorBack() {
    let x = Tensor(shape: [2, 3, 5, 7], (0..<210).map(Float.init))
    #expect(x.channelsLast().shape == [2, 5, 7, 3])
    #expect(x.channelsLast().channelsFirst() == x)
    let (n, c, h, w) = (1, 2, 3, 4)
    #expect(
      x.channelsLast()[flat: ((n * 5 + h) * 7 + w) * 3 + c]
        == x[flat: ((n * 3 + c) * 5 + h) * 7 + w])
  }

  @Test func rowsAreTakenFromTheFirstAxis() {
    let x = Tensor(shape: [3, 2], [0, 1, 2, 3, 4, 5])
    #expect(x.rows(1..<3) == Tensor(shape: [2, 2], [2, 3, 4, 5]))
    #expect(x.rows(2..<2).shape == [0, 2])
  }

  @Test func largeTensorsAreRecycledWithoutMixingUp() {
    // Above the pool's smallest block: freed and taken again with other contents.
    for value: Float in [1, 2, 3] {
      let x = Tensor(shape: [1 << 19], repeating: value)
      let y = Tensor(shape: [1 << 19], repeating: -value)
      #expect(x.elements.allSatisfy { $0 == value } && y.elements.allSatisfy { $0 == -value })
    }
  }

  /// Memory of others is read where it is, kept alive, and never written to.
  @Test func viewsAreCopiedBeforeTheyChange() {
    final class Owner: Sendable {
      let values = Tensor(shape: [3], [1, 2, 3])
    }
    var owner: Owner? = Owner()
    let kept = { [weak owner] in owner?.values.elements }
    var view = owner!.values.withUnsafeBuffer {
      Tensor(shape: [3, 1], viewing: $0, of: owner!)
    }
    let base = view.withUnsafeBuffer { $0.baseAddress }
    #expect(base == owner?.values.withUnsafeBuffer { $0.baseAddress })
    owner = nil
    #expect(kept() != nil && view.elements == [1, 2, 3])
    let same = view
    view[flat: 1] = 7
    #expect(view.elements == [1, 7, 3] && same.elements == [1, 2, 3])
    #expect(kept() == [1, 2, 3])
  }

  @Test func emptyTensorsAreFine() {
    let x = Tensor(shape: [0, 5])
    #expect(x.count == 0 && x.elements.isEmpty)
    #expect(x.transposed([1, 0]).count == 0)
  }
}
