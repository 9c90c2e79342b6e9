/// A value that a pickle can hold here.
///
/// Containers are indices into `PickleObjects`, not references: a pickle may nest them deeply or in
/// cycles, and neither freeing nor traversal recurses.
enum PickleValue {
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  case string(String)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case callable(PickleCallable)
  case storageType(TensorDType)
  case storage(Int)
  case tensor(Int)

  /// A word for messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a boolean"
    case .int, .float: "a number"
    case .string: "a string"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .callable, .storageType: "a function or class"
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }
}

/// The only functions and classes that a pickle may name, besides the types of storages. None of
/// them is executed: each names an action of the reader.
enum PickleCallable {
  case orderedDict
  case rebuildTensor
  case rebuildParameter

  /// The value for the global `module.name`; nil for any other.
  static func named(_ name: String) -> PickleValue? {
    switch name {
    case "collections.OrderedDict": .callable(.orderedDict)
    case "torch._utils._rebuild_tensor_v2": .callable(.rebuildTensor)
    case "torch._utils._rebuild_parameter": .callable(.rebuildParameter)
    case "torch.BoolStorage": .storageType(.bool)
    case "torch.ByteStorage": .storageType(.uint8)
    case "torch.CharStorage": .storageType(.int8)
    case "torch.ShortStorage": .storageType(.int16)
    case "torch.IntStorage": .storageType(.int32)
    case "torch.LongStorage": .storageType(.int64)
    case "torch.HalfStorage": .storageType(.float16)
    case "torch.BFloat16Storage": .storageType(.bfloat16)
    case "torch.FloatStorage": .storageType(.float32)
    case "torch.DoubleStorage": .storageType(.float64)
    default: nil
    }
  }
}

/// The containers of a pickle.
struct PickleObjects {
  var tuples: [[PickleValue]] = []
  var lists: [[PickleValue]] = []
  var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  var storages: [PickledStorage] = []
  var tensors: [PickledTensor] = []

  var count: Int {
    tuples.count + lists.count + dictionaries.count + storages.count + tensors.count
  }
}

/// A block of memory that tensors are views of, as the pickle describes it.
struct PickledStorage {
  /// The name of its entry below `data/`.
  let key: String
  let dtype: TensorDType
  /// The number of elements.
  let count: Int
}

/// A view of a storage, as the pickle describes it; nothing is checked against the storage yet.
struct PickledTensor {
  /// Its index in `PickleObjects.storages`.
  let storage: Int
  let offset: Int
  let shape: [Int]
  /// The distance in elements between neighbours along each axis.
  let strides: [Int]
}
